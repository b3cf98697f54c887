"""Models that cannot be read to their end: a disk that returns errors, files cut or replaced under a command."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

import ggufscope as gs
from ggufscope.models.model import Model
from support.command_files import one_line

if TYPE_CHECKING:
    from support.command_line import RunCommand
    from support.system_faults import CallFaulty

CALLS = {
    "profile": "{model} -o {out}/p.json",
    "check": "{model} -o {out}/c.json",
    "analyze": "{model} -o {out}",
    "trace": "{model} --probe 8 -o {out}/t.json",
    "study": "{model} --no-trace -o {out}",
}


@pytest.fixture
def model(stories260k: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(stories260k, tmp_path / "model.gguf"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def words(command: str, model: Path, out: Path) -> list[str]:
    return [command, *CALLS[command].format(model=model, out=out).split(" ")]


def cut(path: Path) -> None:
    os.truncate(path, 100_000)


def replace(path: Path) -> None:
    """By another file under the same name, as a download does that is renamed when it is complete."""
    path.with_name("new").write_bytes(b"GGUF" + bytes(100))
    path.with_name("new").replace(path)


def behind_the_header(path: Path, change: Callable[[Path], None]) -> Any:
    """What changes a file as soon as it is open."""
    begin = Model.__init__

    def opened(self: Model, *arguments: Any) -> None:
        begin(self, *arguments)
        if path.stat().st_size > 1_000_000:
            change(path)

    return mock.patch.object(Model, "__init__", opened)


@pytest.mark.parametrize("command", CALLS)
def test_a_model_cut_while_it_is_read_is_3(command: str, model: Path, out: Path, run_command: RunCommand) -> None:
    with behind_the_header(model, cut):
        code, output, message = run_command(*words(command, model, out))
    assert code == 3
    if command == "check":
        assert "the file shrank while it was read" in output
        assert message == ""
        assert not gs.Check.load(out / "c.json").document.readable
        return
    assert "model.gguf: data, byte 100000: the file shrank while it was read" in one_line(message)
    assert {path.name for path in out.iterdir()} <= {"study.json"}


@pytest.mark.parametrize("command", CALLS)
def test_a_model_replaced_while_it_is_read_is_the_old_one(
    command: str, model: Path, out: Path, run_command: RunCommand
) -> None:
    with behind_the_header(model, replace):
        code, _, message = run_command(*words(command, model, out))
    assert (code, message) == (0, "")
    assert list(out.iterdir())


@pytest.mark.parametrize("command", ["profile", "check", "analyze", "trace"])
def test_a_disk_that_returns_errors_is_3(command: str, model: Path, out: Path, call_faulty: CallFaulty) -> None:
    run = call_faulty(*words(command, model, out), file="model.gguf", read=600_000)
    assert run.returncode == 3
    if command == "check":
        assert "the file could not be read: Input/output error" in " ".join(run.stdout.split())
        return
    assert "the file could not be read: Input/output error" in one_line(run.stderr)
    assert {path.name for path in out.iterdir()} <= {"study.json"}
