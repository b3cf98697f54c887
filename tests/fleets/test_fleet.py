"""Fleets of many tiny models: every one accounted for, resumed, retried, made anew, and the same bytes any way."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pyarrow.parquet as pq
import pytest

import ggufscope as gs
from ggufscope.errors import ExitCode, OutputError
from ggufscope.fleets.sources import Source
from ggufscope.models.model import Model
from support.shelves import no_gguf, tiny_model, truncated, with_nan, write_shelf

if TYPE_CHECKING:
    from conftest import WriteGguf

N_MODELS = 500


class Shelf:
    """Models that were measured.

    Attributes:
        models: the directory of their files.
        out: that of the results.
        kinds: of damage, with the files that have it.
        fleet: the run.
    """

    def __init__(self, models: Path, out: Path, n: int) -> None:
        self.models, self.out = models, out
        self.kinds = write_shelf(models, n)
        self.fleet = gs.fleet(models, out)


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Eight models, three of them damaged."""
    write_shelf(tmp_path / "few", 8)
    return tmp_path / "few"


def states(directory: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of everything in a directory."""
    return {
        str(path.relative_to(directory)): (path.stat().st_ino, path.stat().st_mtime_ns) for path in directory.rglob("*")
    }


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def by_file(fleet: gs.Fleet, models: Path) -> dict[str, str]:
    """Name of each model below the directory → its verdict."""
    return {str(Path(each.facts.source).relative_to(models)): each.facts.verdict for each in fleet.models}


def check_that_all_are_accounted_for(shelf: Shelf) -> None:
    verdicts = by_file(shelf.fleet, shelf.models)
    expected = {"tiny_model": "sound", "with_nan": "errors", "truncated": "failed", "no_gguf": "failed"}
    assert verdicts == {name: expected[kind] for kind, names in shelf.kinds.items() for name in names}
    document = shelf.fleet.document
    assert document.n_models == document.n_listed == sum(document.outcomes.values()) == N_MODELS
    assert document.verdicts == {**dict.fromkeys(("warnings",), 0), **Counter(verdicts.values())}
    assert document.outcomes == {"measured": 490, "kept": 0, "failed": 10, "failed before": 0}
    assert shelf.fleet.exit_code == ExitCode.INPUT
    assert len(shelf.fleet.failures) == 10
    assert all(line.startswith(name) for name, line in shelf.fleet.failures.items())


def check_that_every_directory_is_whole(shelf: Shelf) -> None:
    directories = [path for path in shelf.out.iterdir() if path.name != "fleet.json"]
    assert len(directories) == N_MODELS
    measured = {"check.json", "model.parquet", "profile.json", "record.json", "roles.parquet", "tensors.parquet"}
    files = Counter(frozenset(path.name for path in directory.iterdir()) for directory in directories)
    assert files == {
        frozenset(measured): 490,
        frozenset({"check.json", "model.parquet", "record.json"}): 10,
    }


def check_that_one_table_has_a_row_for_each(shelf: Shelf) -> None:
    table = pq.ParquetDataset(list(map(str, shelf.out.glob("*/model.parquet"))), partitioning="hive").read()
    assert table.num_rows == N_MODELS
    assert set(table["source"].to_pylist()) == {str(path) for path in shelf.models.rglob("*.gguf")}
    assert Counter(table["verdict"].to_pylist()) == Counter(by_file(shelf.fleet, shelf.models).values())
    directories = {f"model={model}" for model in table["model"].to_pylist()}
    assert directories == {path.name for path in shelf.out.glob("model=*")}
    failed = [line for line in table["failure"].to_pylist() if line is not None]
    assert sorted(failed) == sorted(shelf.fleet.failures.values())


@pytest.mark.slow
def test_500_models(tmp_path: Path) -> None:
    """Every one is accounted for; a second run does nothing, and one that tries failures again finds the same."""
    shelf = Shelf(tmp_path / "models", tmp_path / "out", N_MODELS)
    check_that_all_are_accounted_for(shelf)
    check_that_every_directory_is_whole(shelf)
    check_that_one_table_has_a_row_for_each(shelf)
    before = states(shelf.out)
    again = gs.fleet(shelf.models, shelf.out)
    assert again.document.outcomes == {"measured": 0, "kept": 490, "failed": 0, "failed before": 10}
    assert again.document.verdicts == shelf.fleet.document.verdicts
    assert again.exit_code == shelf.fleet.exit_code
    again = gs.fleet(shelf.models, shelf.out, retry=True)
    assert again.document.outcomes == {"measured": 0, "kept": 490, "failed": 10, "failed before": 0}
    assert states(shelf.out) == before  # what failed, failed as it did


def test_files_are_those_of_the_model_alone(few: Path, tmp_path: Path) -> None:
    path = few / "5/model-0005.gguf"
    gs.fleet(few, tmp_path / "out")
    directory = tmp_path / "out" / Source.of(str(path)).directory
    profile = gs.profile(path, keep_vectors=False)
    assert (directory / "profile.json").read_text() == profile.to_json(reproducible=True)
    check = gs.Check.load(directory / "check.json")
    assert check.findings == gs.check(path).as_saved().findings
    assert not check.sound
    tensors = pq.read_table(directory / "tensors.parquet", partitioning=None)
    assert tensors["name"].to_pylist() == list(profile.tensors)
    assert tensors["kurtosis"].to_pylist() == [row.kurtosis for row in profile.tensors.values()]
    roles = pq.read_table(directory / "roles.parquet", partitioning=None)
    assert dict(zip(roles["role"].to_pylist(), roles["rms"].to_pylist(), strict=True)) == {
        role: row.rms for role, row in profile.roles.items()
    }


@pytest.mark.parametrize("settings", [{}, {"fast": True}, {"sparsity_threshold": 0.1}, {"stored": True}])
def test_one_pass_and_two_give_the_same(
    settings: dict[str, Any], stories260k: Path, write_gguf: WriteGguf, tmp_path: Path
) -> None:
    """A check looks at blocks as stored, with all statistics; a profile at these only with the usual settings."""
    weights = np.random.default_rng(0).standard_normal((64, 32)).astype(np.float32)
    tensors = {"blk.0.attn_q.weight": weights, "blk.0.attn_q.scale": np.float32([3])}
    for path in (stories260k, write_gguf(tensors, architecture="nobodys")):
        (model,) = gs.fleet(path, tmp_path / "out", **settings).models
        directory = tmp_path / "out" / f"model={model.facts.model}"
        expected = gs.profile(path, keep_vectors=False, **settings).to_json(reproducible=True)
        assert (directory / "profile.json").read_text() == expected
        assert gs.Check.load(directory / "check.json").findings == gs.check(path).as_saved().findings


def test_a_file_that_shrinks_meanwhile_fails(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny_model(0))
    begin = Model.__init__

    def shrink(self: Model, *arguments: Any) -> None:
        begin(self, *arguments)
        os.truncate(path, 4096)

    with mock.patch.object(Model, "__init__", shrink):
        (model,) = gs.fleet(path, tmp_path / "out").models
    assert (model.facts.state, model.facts.exit_code) == ("failed", ExitCode.INPUT)
    assert "the file shrank while it was read" in (model.facts.failure or "")


def test_changed_files_and_settings_are_measured_anew(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    gs.fleet(few, out)
    repaired, touched = few / "3/model-0003.gguf", few / "0/model-0000.gguf"
    repaired.write_bytes(tiny_model(3))
    os.utime(touched, ns=(0, 0))
    again = gs.fleet(few, out)
    assert [each.facts.source for each in again.models if each.outcome == "measured"] == [str(touched), str(repaired)]
    assert again.document.outcomes == {"measured": 2, "kept": 5, "failed": 0, "failed before": 1}
    assert (out / Source.of(str(repaired)).directory / "profile.json").exists()
    assert gs.fleet(few, out, fast=True).document.outcomes["kept"] == 0
    broken = few / "1/model-0001.gguf"
    broken.write_bytes(b"GGUF")
    assert gs.fleet(few, out, fast=True).document.outcomes["failed"] == 1
    assert not (out / Source.of(str(broken)).directory / "profile.json").exists()


def test_damaged_records_and_missing_files_are_made_again(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    gs.fleet(few, out)
    whole = contents(out)
    first, second, third = sorted(path for path in out.glob("model=*") if (path / "profile.json").exists())[:3]
    (first / "record.json").write_text("{}")
    (second / "tensors.parquet").unlink()
    record = json.loads((third / "record.json").read_text())
    record["made"]["schemas"]["tables"] = "0"
    (third / "record.json").write_text(json.dumps(record))
    with pytest.raises(OutputError, match=r"exists and is not from ggufscope.*record\.json"):
        gs.fleet(few, out)
    (first / "record.json").unlink()
    assert gs.fleet(few, out).document.outcomes["measured"] >= 1
    assert contents(out) == whole


def test_what_others_put_there_stays(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    gs.fleet(few, out)
    model = few / "0/model-0000.gguf"
    theirs = out / Source.of(str(model)).directory / "notes.txt"
    theirs.write_text("mine")
    os.utime(model, ns=(0, 0))
    for force in (False, True):
        with pytest.raises(OutputError, match=r"notes\.txt"):
            gs.fleet(few, out, force=force)
    assert theirs.read_text() == "mine"
    theirs.unlink()
    elsewhere = tmp_path / "elsewhere"
    theirs.parent.rename(elsewhere)
    theirs.parent.symlink_to(elsewhere)
    before = contents(elsewhere)
    with pytest.raises(OutputError, match="is a link"):
        gs.fleet(few, out)
    assert contents(elsewhere) == before


def test_kinds_of_damage_have_their_line(few: Path, tmp_path: Path) -> None:
    fleet = gs.fleet(few, tmp_path / "out")
    lines = {Path(name).name: line for name, line in fleet.failures.items()}
    assert "not a GGUF file" in lines["model-0007.gguf"]
    assert "model-0003.gguf" in lines["model-0003.gguf"]
    facts = {Path(each.facts.source).name: each.facts for each in fleet.models}
    assert facts["model-0003.gguf"].exit_code == facts["model-0007.gguf"].exit_code == ExitCode.INPUT
    assert facts["model-0005.gguf"].exit_code == ExitCode.NEGATIVE
    assert "NaN" in (facts["model-0005.gguf"].finding or "")
    assert {truncated.__name__, with_nan.__name__, no_gguf.__name__} == {"truncated", "with_nan", "no_gguf"}
