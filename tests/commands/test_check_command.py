"""`ggufscope check`: exit codes, views of one file and of many, JSON, SARIF, manifests, rules explained."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.checks import RULES
from support.planted import healthy

if TYPE_CHECKING:
    from support.command_line import RunCommand

QUERY = "blk.2.attn_q.weight"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return healthy().write(tmp_path)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """With a NaN, an error, and a weight beyond float16, a warning."""
    model = healthy()
    weights = model.floats(QUERY)
    weights[3, 17], weights[8, 1] = np.nan, 1e6
    model.put(QUERY, weights)
    model.name = "broken.gguf"
    return model.write(tmp_path)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """With a warning alone."""
    model = healthy()
    model.appended, model.name = bytes(64), "odd.gguf"
    return model.write(tmp_path)


@pytest.fixture
def no_model(tmp_path: Path) -> Path:
    path = tmp_path / "text.gguf"
    path.write_text("<html>")
    return path


def test_exit_codes(run_command: RunCommand, sound: Path, broken: Path, odd: Path, no_model: Path) -> None:
    codes = {path.name: run_command("check", path)[0] for path in (sound, broken, odd, no_model)}
    assert codes == {"m.gguf": 0, "broken.gguf": 1, "odd.gguf": 0, "text.gguf": 3}
    assert run_command("check", odd, "--strict")[0] == 1
    assert run_command("check", sound, "--strict")[0] == 0
    assert run_command("check", sound, broken)[0] == 1
    assert run_command("check", broken, no_model)[0] == 3


def test_a_sound_file_in_a_line(run_command: RunCommand, sound: Path) -> None:
    code, out, err = run_command("check", sound)
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == ["m.gguf", "a healthy model · llama"]
    assert out.splitlines()[2].startswith(f"sound: nothing found ({len(RULES)} rules")


def test_the_page_names_the_place_and_what_to_do(run_command: RunCommand, broken: Path) -> None:
    _, out, _ = run_command("check", broken)
    text = " ".join(out.split())
    assert "not sound: 1 error, 1 warning" in text
    assert f"error nan: 1 NaN in {QUERY}, first at [3, 17]" in text
    with gs.open(broken) as model:
        offset = model.tensors[QUERY].offset + 4 * (3 * 256 + 17)
    assert f"byte {offset} of broken.gguf · row 3 · element 785" in text
    assert RULES["nan"].remedy in text


def test_a_line_for_each_of_many_files(
    run_command: RunCommand, sound: Path, broken: Path, no_model: Path, tmp_path: Path
) -> None:
    hostile = healthy()
    hostile.name = os.fsdecode(b"h\xff\x1b[2J\n.gguf")
    paths = [sound, broken, no_model, hostile.write(tmp_path)]
    _, out, _ = run_command("check", *paths)
    lines = [line for line in out.splitlines() if not line.startswith("  ")]
    assert [line.split(":")[1].split("(")[0].strip() for line in lines] == [
        "sound",
        "not sound",
        "cannot be read",
        "sound",
    ]
    assert all(line.isprintable() for line in out.splitlines())


def test_rules_are_chosen(run_command: RunCommand, broken: Path) -> None:
    document = json.loads(run_command("check", broken, "--select", "float*", "--json")[1])
    assert ([each["name"] for each in document["rules"]], document["counts"]["error"]) == (["float16"], 0)
    document = json.loads(run_command("check", broken, "--ignore", "nan", "--json")[1])
    assert "nan" not in {each["name"] for each in document["rules"]}
    assert document["counts"] == {"error": 0, "warning": 1, "note": 0}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_explained(run_command: RunCommand, rule: str) -> None:
    code, out, _ = run_command("check", "--explain", rule)
    text = " ".join(out.split())
    assert code == 0
    assert all(part in text for part in (rule, RULES[rule].why, RULES[rule].remedy))


def test_json_is_the_saved_verdict(run_command: RunCommand, broken: Path, tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    _, out, _ = run_command("check", broken, "--json", "-o", path)
    assert path.read_text() == out
    verdict = gs.Check.load(path)
    assert (verdict.sound, verdict.findings[0].place.element, verdict.document.files) == (False, 785, ["broken.gguf"])
    assert verdict == verdict.as_saved()
    document = json.loads(out)
    document["findings"][0]["severity"] = "grave"
    path.write_text(json.dumps(document))
    with pytest.raises(gs.CheckError, match=r"findings\.0\.severity"):
        gs.Check.load(path)


def test_json_of_many_files_is_a_list(run_command: RunCommand, sound: Path, no_model: Path) -> None:
    documents = json.loads(run_command("check", sound, no_model, "--json")[1])
    assert [each["readable"] for each in documents] == [True, False]


def test_sarif_has_rules_results_and_places(run_command: RunCommand, broken: Path, tmp_path: Path) -> None:
    path = tmp_path / "findings.sarif"
    for _ in range(2):  # its own are replaced
        assert run_command("check", broken, "--sarif", path)[0] == 1
    log = json.loads(path.read_text())
    (run,) = log["runs"]
    assert (log["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "ggufscope")
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(RULES)
    results = {each["ruleId"]: each for each in run["results"]}
    assert results["nan"]["level"] == "error"
    place = results["nan"]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "broken.gguf"
    assert place["physicalLocation"]["region"]["byteOffset"] > 0
    assert place["logicalLocations"][0]["name"] == QUERY


def test_a_manifest_is_written_and_held_against(run_command: RunCommand, sound: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    assert run_command("check", sound, "--manifest", manifest)[0] == 0
    written = json.loads(manifest.read_text())
    assert written["files"][0]["sha256"] == sha256(sound.read_bytes()).hexdigest()
    assert run_command("check", sound, "--against", manifest)[0] == 0
    changed = healthy()
    weights = changed.floats(QUERY)
    weights[0, 0] *= 1.5
    changed.put(QUERY, weights)
    changed.write(tmp_path)
    code, out, _ = run_command("check", sound, "--against", manifest)
    assert code == 1
    assert f"{QUERY} has other bytes than in the manifest" in " ".join(out.split())


def test_a_manifest_is_not_held_against_without_its_rule(run_command: RunCommand, sound: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    run_command("check", sound, "--manifest", manifest)
    code, _, err = run_command("check", sound, "--against", manifest, "--ignore", "manifest")
    assert (code, "takes the rule 'manifest'" in err) == (2, True)


def test_thousands_of_faults_stay_readable(run_command: RunCommand, tmp_path: Path) -> None:
    model = healthy()
    nan = np.full(4, np.nan, np.float32).tobytes()
    norm = model.tensor("output_norm.weight")
    model.file.tensors += [type(norm)(f"extra.{number}", (4,), 0, nan) for number in range(3000)]
    path = model.write(tmp_path)
    code, out, _ = run_command("check", path)
    assert code == 1
    assert len(out.splitlines()) < 60
    assert "and 2 992 more of nan" in out
    code, out, _ = run_command("check", path, "--json")
    document = json.loads(out)
    assert (document["counts"]["error"], document["unlisted"]) == (3000, {"nan": 2900})
    assert len(out) < 200_000


def test_a_file_that_shrinks_is_a_verdict(sound: Path) -> None:
    with gs.open(sound) as model:
        os.truncate(sound, sound.stat().st_size // 2)
        verdict = gs.check(model)
    assert (verdict.document.readable, [each.rule for each in verdict.findings]) == (False, ["readable"])
