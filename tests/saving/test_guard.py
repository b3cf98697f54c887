"""The guard: no output over an input, whatever link names it, and none over a file of another origin."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import ExitCode, OutputError, exit_code
from ggufscope.runtime.measuring.capture import POINTS
from ggufscope.saving.files import atomic_write
from ggufscope.saving.guard import Guard
from ggufscope.saving.marks import is_ours
from ggufscope.synth import synthesize

WriteGguf = Callable[..., Path]
OURS = '{\n"schema": "ggufscope.profile/1"}\n'


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return synthesize("tiny", tmp_path_factory.mktemp("model") / "tiny.gguf", layers=2, shards=3)


@pytest.fixture
def read(tmp_path: Path) -> Path:
    path = tmp_path / "read.json"
    path.write_text(OURS)
    return path


@pytest.mark.parametrize("link", [None, os.symlink, os.link])
@pytest.mark.parametrize("force", [False, True])
def test_an_input_is_no_output(read: Path, tmp_path: Path, link: Callable[..., None] | None, force: bool) -> None:
    output = read
    if link is not None:
        output = tmp_path / "link.json"
        link(read, output)
    with pytest.raises(ValueError, match="is an input") as caught:
        Guard([read], force=force).check(output)
    assert str(read) in str(caught.value)
    assert str(output) in str(caught.value)
    assert exit_code(caught.value) == ExitCode.USAGE
    with pytest.raises(ValueError, match="is an input"), atomic_write(output, guard=Guard([read], force=force)):
        raise AssertionError("the work has begun")


def test_every_shard_is_an_input(shards: list[Path], tmp_path: Path) -> None:
    for known in shards:
        for other in shards:
            with pytest.raises(ValueError, match="is an input"):
                Guard([known], replaces_models=True).check(other)
    linked = tmp_path / "tiny-00002-of-00003.gguf"
    linked.symlink_to(shards[1])
    with pytest.raises(ValueError, match="is an input"):
        Guard([shards[0]], force=True).check(linked)


def test_what_is_no_file_is_no_input(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    guard = Guard([None, "entropy=1", tmp_path, tmp_path / "missing", tmp_path / "pipe", os.devnull, "\0"])
    guard.check(os.devnull, tmp_path / "pipe", tmp_path / "missing")


def test_two_outputs_are_two_files(tmp_path: Path, read: Path) -> None:
    (tmp_path / "soft").symlink_to(tmp_path / "new")
    (tmp_path / "hard").hardlink_to(read)
    guard = Guard(force=True)
    for one, other in (
        ("new", "new"),
        ("new", "soft"),
        ("hard", "read.json"),
        ("./new", "../" + tmp_path.name + "/new"),
    ):
        with pytest.raises(ValueError, match="are the same file"):
            guard.check(tmp_path / one, tmp_path / other)
    with pytest.raises(ValueError, match="are the same file"):
        guard.check(read, read)
    guard.check(os.devnull, os.devnull)


def test_a_foreign_file_is_no_output_unless_forced(tmp_path: Path, write_gguf: WriteGguf) -> None:
    model = write_gguf({"x": np.zeros(8, np.float32)}, {"general.description": "ggufscope.synthetic"})
    (tmp_path / "notes.json").write_text('{"schema": "theirs"}')
    for foreign, kind in ((model, "a GGUF file of "), (tmp_path / "notes.json", "a file of 20 B")):
        with pytest.raises(OutputError, match=rf"not from ggufscope \({kind}.*\); force=True replaces it") as caught:
            Guard().check(foreign)
        assert caught.value.filename == str(foreign)
        Guard(force=True).check(foreign)
    for force in (False, True):
        with pytest.raises(OutputError, match="Is a directory"):
            Guard(force=force).check(tmp_path)


def test_an_empty_file_loses_nothing(tmp_path: Path) -> None:
    """`mktemp` makes such files, for a result to be written to; but they are not ggufscope's to remove."""
    (tmp_path / "new.json").touch()
    Guard().check(tmp_path / "new.json")
    assert not is_ours(tmp_path / "new.json")


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_shard_whose_others_are_gone_says_that_it_is_synthetic(shards: list[Path], tmp_path: Path, kept: int) -> None:
    alone = Path(shutil.copy(shards[kept], tmp_path))
    assert is_ours(alone)
    for name in (b"ggufscope.synthetiC", b"ggufscope.synthetic\7\0\0\0\0"):  # another key; not true
        data = alone.read_bytes().replace(b"ggufscope.synthetic\7\0\0\0\1", name.ljust(24, b"\1")[:24], 1)
        (tmp_path / "other.gguf").write_bytes(data)
        assert data != alone.read_bytes()
        assert not is_ours(tmp_path / "other.gguf")
    files = synthesize("tiny", tmp_path / "tiny.gguf", layers=3, shards=3)  # replaces it, without force
    assert Path(files[kept]) == alone


HEADER = b"GGUF\3\0\0\0" + bytes(16)
HUGE = b"\xff" * 8


@pytest.mark.parametrize(
    "head", [HEADER, HEADER + HUGE, HEADER + HUGE + b"\7\0\0\0\1", HEADER + bytes(8) + b"\x08\0\0\0" + HUGE]
)
def test_a_header_that_ends_early_is_of_nobody(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "m.gguf").write_bytes(head)
    assert not is_ours(tmp_path / "m.gguf")


def test_a_synthetic_model_is_replaced_by_a_model_alone(shards: list[Path]) -> None:
    assert all(map(is_ours, shards))
    Guard(replaces_models=True).check(shards[0])
    with pytest.raises(OutputError, match="exists and is a model"):
        Guard().check(shards[0])


def test_what_stands_there_when_the_work_is_over_counts(tmp_path: Path, read: Path) -> None:
    with pytest.raises(OutputError, match="not from ggufscope"), atomic_write(tmp_path / "out"):
        (tmp_path / "out").write_text("a stranger's")
    assert (tmp_path / "out").read_text() == "a stranger's"
    late = tmp_path / "late"
    with pytest.raises(ValueError, match="is an input"), atomic_write(late, guard=Guard([read], force=True)):
        late.hardlink_to(read)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["late", "out", "read.json"]
    assert read.read_text() == OURS


def test_marks_hold_under_any_name(tmp_path: Path, shards: list[Path]) -> None:
    profile = gs.profile(shards[0])
    profile.save(tmp_path / "a")
    gs.trace(shards[0], probe=4, keep=list(POINTS), keep_path=tmp_path / "b").save(tmp_path / "c")
    for name in "abc":
        assert is_ours(tmp_path / name)
    profile.save(tmp_path / "c")
    np.savez(tmp_path / "theirs.npz", x=np.zeros(3))
    assert not is_ours(tmp_path / "theirs.npz")


def test_functions_guard_their_inputs(tmp_path: Path, shards: list[Path], write_gguf: WriteGguf) -> None:
    with pytest.raises(ValueError, match="is an input"):
        gs.trace(shards[0], probe=4, keep=["q"], keep_path=shards[1], force=True)
    model = write_gguf({"x": np.zeros(8, np.float32)})
    before = model.read_bytes()
    with pytest.raises(OutputError, match="not from ggufscope"):
        synthesize("tiny", model, layers=1)
    with pytest.raises(OutputError, match="not from ggufscope"):
        gs.profile(model).save(model)
    assert model.read_bytes() == before
    assert synthesize("tiny", model, layers=1, force=True) == [model]
    assert synthesize("tiny", model, "Q8_0", layers=1) == [model]
    (tmp_path / "t-00002-of-00002.gguf").symlink_to(tmp_path / "t-00001-of-00002.gguf")
    with pytest.raises(ValueError, match="are the same file"):
        synthesize("tiny", tmp_path / "t.gguf", layers=1, shards=2)


def test_shards_of_another_model_are_replaced_together(tmp_path: Path) -> None:
    synthesize("tiny", tmp_path / "tiny.gguf", layers=2, shards=3)
    files = synthesize("tiny", tmp_path / "tiny.gguf", layers=4, shards=3)
    with gs.open(files[0]) as model:
        assert [Path(file) for file in model.files] == files
        assert len({tensor.layer for tensor in model.tensors.values()} - {None}) == 4


def test_a_file_is_looked_at_again_when_it_was_changed(tmp_path: Path) -> None:
    guard, path = Guard(), tmp_path / "file.json"
    path.write_text(OURS)
    guard.check(path)
    guard.check(path)
    path.write_text("of somebody else")
    with pytest.raises(OutputError, match="not from ggufscope"):
        guard.check(path)
