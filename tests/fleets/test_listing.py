"""Inputs of fleets: names, lists, directories, split models, checkpoints: every model once, under a safe name."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ggufscope as gs
from ggufscope.fleets.listing import list_models
from ggufscope.fleets.sharding import Shard
from ggufscope.fleets.sources import Source
from support.checkpoints.families import llama, qwen3
from support.checkpoints.writing import write_checkpoint
from support.gguf_writer import STRING, Gguf, Key, Tensor
from support.range_server import range_server
from support.shelves import tiny_model

if TYPE_CHECKING:
    from conftest import AsNobody
    from support.command_line import RunCommand

CHECKPOINTS = ("model.safetensors.index.json", "model.safetensors")
NOWHERE = Path("/nonexistent-results")


def named(inputs: list[str | Path], below: Path) -> list[str]:
    """Paths of the models that inputs name, from a directory on."""
    return [os.path.relpath(each.source.name, below) for each in list_models(inputs, NOWHERE)]


def touch(directory: Path, *names: str) -> None:
    """Files of different contents."""
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(os.fsencode(name))


def test_directories_are_walked_and_every_model_is_named_once(tmp_path: Path) -> None:
    touch(tmp_path, "b/one.gguf", "a.gguf", "b/readme.md", "b/c/config.json", "b/model.bin")
    touch(tmp_path, *(f"split/m-0000{number}-of-00003.gguf" for number in (1, 2, 3)))
    touch(tmp_path, "hf/model.safetensors.index.json", *(f"hf/model-0000{n}-of-00002.safetensors" for n in (1, 2)))
    touch(tmp_path, "hf/consolidated.safetensors", "hf/config.json", "lora/adapter_model.safetensors")
    (tmp_path / "z-link.gguf").symlink_to("a.gguf")
    os.link(tmp_path / "b/one.gguf", tmp_path / "z-hard.gguf")
    (tmp_path / "loop").symlink_to(tmp_path)
    expected = [
        "a.gguf",
        "z-hard.gguf",
        "hf/model.safetensors.index.json",
        "lora/adapter_model.safetensors",
        "split/m-00001-of-00003.gguf",
    ]
    assert named([tmp_path], tmp_path) == expected
    again = [tmp_path / "b", tmp_path / "split/m-00002-of-00003.gguf", tmp_path / "hf/model-00002-of-00002.safetensors"]
    assert named([tmp_path, *again], tmp_path) == expected


def test_results_are_no_models(tmp_path: Path) -> None:
    touch(tmp_path, "a.gguf", "out/b.gguf")
    assert [each.source.name for each in list_models([tmp_path], tmp_path / "out")] == [str(tmp_path / "a.gguf")]


def test_lists_are_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.gguf", "d/b.gguf", os.fsdecode(b"\xff.gguf"))
    lines = b"# models\n\n a.gguf \r\nd\nhf://org/name/x.gguf\nmissing.gguf\na.gguf\n\xff.gguf\n"
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf" + lines)
    monkeypatch.chdir(tmp_path)
    listed = list_models(["list.txt"], NOWHERE)
    names = [str(tmp_path / "a.gguf"), str(tmp_path / "d/b.gguf"), "hf://org/name/x.gguf"]
    names += [str(tmp_path / "missing.gguf"), str(tmp_path / os.fsdecode(b"\xff.gguf"))]
    assert [each.source.name for each in listed] == names
    assert [str(each.fault) for each in listed if each.fault] == [
        "[Errno 2] No such file or directory (line 6 of list.txt): 'missing.gguf'"
    ]


def test_what_cannot_be_looked_into_is_accounted_for(tmp_path: Path, as_nobody: AsNobody) -> None:
    touch(tmp_path, "models/a.gguf", "models/closed/b.gguf")
    (tmp_path / "models/a.gguf").write_bytes(tiny_model(0))
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_uid == os.geteuid() and directory != Path("/"):
            directory.chmod(directory.stat().st_mode | 0o011)
    (tmp_path / "models").chmod(0o755)
    (tmp_path / "models/closed").chmod(0)
    with as_nobody():
        listed = list_models([tmp_path / "models"], NOWHERE)
    assert [(Path(each.source.name).name, each.fault is None) for each in listed] == [
        ("a.gguf", True),
        ("closed", False),
    ]


def test_nothing_to_measure_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(gs.FleetError, match="no model there"):
        gs.fleet(tmp_path, tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        gs.fleet([tmp_path / "missing.gguf"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_model_is_said_to_be_what_it_is(tmp_path: Path) -> None:
    for kind in ("adapter", "mmproj", "imatrix"):
        keys = [Key("general.architecture", STRING, "nobodys"), Key("general.type", STRING, kind)]
        weights = np.ones((2, 32), np.float32)
        (tmp_path / f"{kind}.gguf").write_bytes(Gguf(keys, [Tensor("a", weights.shape, 0, weights.tobytes())]).build())
    (tmp_path / "vocab.gguf").write_bytes(Gguf([Key("general.architecture", STRING, "nobodys")]).build())
    fleet = gs.fleet(tmp_path, tmp_path / "out")
    assert [each.facts.contents for each in fleet.models] == ["adapter", "imatrix", "projector", "vocabulary"]


def test_checkpoints_are_models_of_all_their_files(tmp_path: Path) -> None:
    models, out = tmp_path / "models", tmp_path / "out"
    models.mkdir()
    for family, n_files in ((llama, 2), (qwen3, 1)):
        tiny = family()
        write_checkpoint(models / family.__name__, tiny.tensors, tiny.config, n_files=n_files)
    fleet = gs.fleet(models, out)
    names = [os.path.relpath(each.facts.source, models) for each in fleet.models]
    assert names == ["llama/model.safetensors.index.json", "qwen3/model.safetensors"]
    assert fleet.document.verdicts["sound"] == 2
    assert gs.fleet(models, out).document.outcomes["kept"] == 2
    os.utime(models / "llama/model-00002-of-00002.safetensors", ns=(0, 0))
    os.utime(models / "qwen3/config.json", ns=(0, 0))
    assert gs.fleet(models, out).document.outcomes["measured"] == 2


def test_directories_have_safe_and_different_names(tmp_path: Path) -> None:
    names = ["a=b%2F.gguf", "a b.gguf", "a_b.gguf", "-x.gguf", "..gguf.gguf", "é\n\x1b.gguf", "n" * 250 + ".gguf", "🦙"]
    sources = [Source.of(str(tmp_path / name)) for name in [*names, os.fsdecode(b"\xff\xfe.gguf")]]
    sources += [Source.of(name) for name in ("hf://org/name@rev/m.gguf", "ollama:llama3:1b", "s3://b/k/m.gguf")]
    directories = [source.directory for source in sources]
    assert len(set(directories)) == len(directories)
    for directory in directories:
        assert len(directory) < 120
        assert directory.removeprefix("model=").replace("-", "").replace(".", "").replace("_", "").isalnum()
        assert directory.isascii()
    readable = [Source.of(f"/models/Qwen3/{name}").directory[: -len("-0123456789ab")] for name in CHECKPOINTS]
    assert readable == ["model=Qwen3_model", "model=Qwen3_model"]
    source = Source.of("hf://org/name@rev/m.gguf")
    assert (source.files, source.n_bytes) == ([], None)
    assert source.partition == f"m-{hashlib.sha256(source.name.encode()).hexdigest()[:12]}"


def test_names_with_anything_in_them_come_through(tmp_path: Path) -> None:
    names = ["a=b%2F&'\"<i>.gguf", "é\n\x1b[2J.gguf", os.fsdecode(b"\xff\xfe.gguf"), "n" * 240 + ".gguf"]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(tiny_model(number))
    fleet = gs.fleet(tmp_path, tmp_path / "out")
    assert fleet.document.outcomes["measured"] == len(names)
    shown = {each.facts.source for each in fleet.models}
    assert shown == {str(tmp_path / name).encode("utf-8", "backslashreplace").decode() for name in names}
    assert json.loads(fleet.to_json())["n_models"] == len(names)
    assert gs.fleet(tmp_path, tmp_path / "out").document.outcomes["kept"] == len(names)


def test_models_elsewhere_are_fetched_once_and_their_secrets_are_kept(tmp_path: Path, run_command: RunCommand) -> None:
    (tmp_path / "served").mkdir()
    model = tmp_path / "served/model.gguf"
    model.write_bytes(tiny_model(1))
    gs.fleet(model, tmp_path / "local")
    with range_server(tmp_path / "served") as server:
        names = [f"{server.url}/model.gguf?token=SECRET", f"{server.url}/gone.gguf?token=SECRET"]
        code, out, err = run_command("fleet", *names, "-o", tmp_path / "out", "--json")
        sent = server.sent
        server.forget()
        assert gs.fleet(names, tmp_path / "out").document.outcomes == {
            "measured": 0,
            "kept": 1,
            "failed": 0,
            "failed before": 1,
        }
        assert (server.requests, server.sent) == ([], 0)
    assert (code, err) == (3, "")
    assert sent <= model.stat().st_size + 1000
    facts = [each["facts"] for each in json.loads(out)["models"]]
    assert [each["source"] for each in facts] == [f"{server.url}/model.gguf", f"{server.url}/gone.gguf"]
    assert "404" in facts[1]["failure"] or "No such file" in facts[1]["failure"]
    (local,), (here,) = ((each.parent for each in (tmp_path / name).rglob("profile.json")) for name in ("local", "out"))
    for name in ("profile.json", "check.json", "tensors.parquet", "roles.parquet"):
        assert (here / name).read_bytes() == (local / name).read_bytes()
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not any("SECRET" in str(path) or b"SECRET" in path.read_bytes() for path in written)
    assert "SECRET" not in out


sizes = st.lists(st.none() | st.integers(0, 10**12), max_size=20)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sizes, st.integers(1, 9))
def test_shards_are_all_models_once_and_of_about_equal_bytes(sizes: list[int | None], total: int) -> None:
    known = {f"{number}.gguf": size for number, size in enumerate(sizes)}
    shards = [Shard(number, total).of_sizes(known) for number in range(1, total + 1)]
    assert sorted(name for shard in shards for name in shard) == sorted(known)
    if sizes and None not in sizes:
        loads = [sum((known[name] or 0) + 1 for name in shard) for shard in shards]
        assert max(loads) - min(loads) <= max(size or 0 for size in sizes) + 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1/0", "x", "1", "-1/2", "1/2/3", ""])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no shard"):
        Shard.parse(text)
