"""Reports as files: what `report`, `analyze -o` and `profile --html` write, and what they refuse."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

import ggufscope as gs
from ggufscope import extras
from ggufscope.report.renderers import RENDERERS, USUAL_FORMATS
from support.report_models import MODELS, NO_LAYERS, decoder

pytest.importorskip("altair", reason="reports need the extra report")
ALL = ",".join(RENDERERS)


@pytest.fixture
def run(run_command):
    return run_command


@pytest.fixture
def model(write_gguf):
    return write_gguf(**decoder(6))


@pytest.fixture
def saved(model, tmp_path):
    """A directory with the JSON of an analysis and its profile."""
    directory = tmp_path / "saved"
    gs.analyze(model, threads=2).save(directory)
    return directory


def names_in(directory):
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def hashes(directory):
    return {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in names_in(directory)}


def without(monkeypatch, *modules):
    """As if some modules were not installed."""
    find = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in modules else find(name))


@pytest.mark.parametrize("name", MODELS)
def test_every_format_of_every_model(run, write_gguf, tmp_path, name):
    path = write_gguf(**MODELS[name], name="m.gguf")
    out = tmp_path / "out"
    if name in NO_LAYERS:
        gs.profile(path).save(tmp_path / "profile.json")
    else:
        gs.analyze(path, threads=2).save(tmp_path)
    code, text, err = run("report", tmp_path, "-o", out, "--format", ALL)
    assert (code, err) == (0, "")
    assert text.startswith(f"report: {out}/report.html and ")
    found = names_in(out)
    assert {"report.html", "report.md"} <= found
    assert {f"charts/{p.stem}.svg" for p in out.glob("charts/*.png")} == {
        f"charts/{p.name}" for p in out.glob("charts/*.svg")
    }
    assert {p.stem for p in out.glob("*.csv")} == {p.stem for p in out.glob("*.parquet")}
    assert ("tensors.csv" in found) == bool(MODELS[name]["tensors"])
    for target in _pictures((out / "report.md").read_text()):
        assert target in found


def _pictures(markdown):
    return [line.rpartition("](")[2].removesuffix(")") for line in markdown.splitlines() if line.startswith("![")]


def test_the_same_input_gives_the_same_bytes(run, saved, tmp_path):
    for out in ("a", "b"):
        assert run("report", saved, "-o", tmp_path / out, "--format", ALL)[0] == 0
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")


def test_analyze_ends_with_the_report_that_report_renders_again(run, model, tmp_path):
    code, text, err = run("analyze", model, "-o", tmp_path / "a")
    assert (code, err) == (0, "")
    assert text.splitlines()[-1].startswith(f"report: {tmp_path}/a/report.html and ")
    found = names_in(tmp_path / "a")
    assert {"analysis-report.json", "profile.json", "report.html", "report.md"} <= found
    assert "charts/sizes.svg" in found
    assert not any(name.endswith(".png") for name in found)
    model.unlink()
    assert run("report", tmp_path / "a" / "analysis-report.json", "-o", tmp_path / "b")[0] == 0
    first, second = hashes(tmp_path / "a"), hashes(tmp_path / "b")
    assert {name: first[name] for name in second} == second
    assert set(first) - set(second) == {"analysis-report.json", "profile.json"}


def test_json_of_analyze_stands_alone_beside_a_report(run, model, tmp_path):
    code, text, _ = run("analyze", model, "-o", tmp_path / "a", "--json")
    assert code == 0
    assert json.loads(text)["schema"] == "ggufscope.analysis/2"
    assert "report.html" in names_in(tmp_path / "a")


def test_without_a_directory_it_shows_what_the_command_showed(run, model, saved, tmp_path):
    shown = run("analyze", saved / "profile.json")[1]
    again = run("report", saved)[1]
    assert again.splitlines()[0] == shown.splitlines()[0]
    assert "structural risk index (heuristic)" in again
    assert "attn_v" in run("report", saved / "profile.json")[1]


def test_profile_as_a_page(run, model, tmp_path):
    page = tmp_path / "page.html"
    code, text, err = run("profile", model, "--html", page, "-o", tmp_path / "p.json")
    assert (code, err) == (0, "")
    assert "attn_v" in text
    assert run("report", tmp_path / "p.json", "-o", tmp_path / "out", "--format", "html")[0] == 0
    assert page.read_text() == (tmp_path / "out" / "report.html").read_text()


def test_a_foreign_chart_stays_and_nothing_is_half_written(run, saved, tmp_path):
    out = tmp_path / "out"
    assert run("report", saved, "-o", out, "--format", "svg")[0] == 0
    chart = next(out.glob("charts/*.svg"))
    chart.write_text("mine")
    before = hashes(out)
    assert run("report", saved, "-o", out)[0] == 4
    assert hashes(out) == before


def test_what_is_reported_on_stays_under_the_name_of_a_chart(run, saved, tmp_path):
    source = tmp_path / "charts" / "mine.svg"
    source.parent.mkdir()
    (saved / "profile.json").rename(source)
    assert run("report", source, "-o", tmp_path, "--format", "svg")[0] == 0
    assert source.is_file()


def test_files_of_an_earlier_report_go_where_this_one_has_none(run, saved, write_gguf, tmp_path):
    out = tmp_path / "out"
    assert run("report", saved, "-o", out, "--format", ALL)[0] == 0
    assert "heads.csv" in names_in(out)
    (out / "charts" / "mine.svg").write_text("<svg/>")
    (out / "notes.csv").write_text("mine")
    alone = write_gguf({"x": np.ones((2, 32), np.float32)}, name="alone.gguf")
    gs.profile(alone).save(tmp_path / "p.json")
    assert run("report", tmp_path / "p.json", "-o", out, "--format", ALL)[0] == 0
    found = names_in(out)
    assert {"tensors.csv", "report.html", "notes.csv", "charts/mine.svg"} <= found
    assert not {"heads.csv", "layers.csv", "layers.parquet"} & found
    assert not [name for name in found if name.startswith("charts/risk")]


@pytest.mark.parametrize("module", ["altair", "vl_convert", "jinja2"])
def test_a_missing_extra_is_told_first_and_the_rest_written(run, model, tmp_path, monkeypatch, module):
    without(monkeypatch, module)
    code, _, err = run("analyze", model, "-o", tmp_path / "out")
    assert code == 0
    assert err.count("\n") == 1
    assert extras.install_hint("report") in err
    assert names_in(tmp_path / "out") == {"analysis-report.json", "profile.json", "report.md"}
    assert "![" not in (tmp_path / "out" / "report.md").read_text()


def test_page_and_json_are_two_files(run, model, tmp_path):
    code, _, err = run("profile", model, "--html", tmp_path / "x", "-o", tmp_path / "x")
    assert code == 2
    assert "are the same file" in err


def test_the_usual_formats_are_formats():
    assert set(USUAL_FORMATS) <= set(RENDERERS)
