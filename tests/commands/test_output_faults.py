"""Disks that are full and directories that go away: exit 4, one line that names the file, and nothing half-written."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.command_files import Run, one_line
from support.command_rows import WRITING, Output

if TYPE_CHECKING:
    from collections.abc import Callable

ENDING = [(name, output) for name, output in WRITING if output.ends_well]


@contextlib.contextmanager
def no_file_beyond(n_bytes: int) -> Iterator[None]:
    """A disk on which every file is full at so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("n_bytes", [0, 700])
@pytest.mark.parametrize(("name", "output"), ENDING)
def test_a_full_disk_is_4(run_on_files: Run, name: str, output: Output, n_bytes: int, tmp_path: Path) -> None:
    directory = tmp_path / "out"
    directory.mkdir()
    with no_file_beyond(n_bytes):
        code, _, err = run_on_files(name, output.arguments, file=directory / "file", directory=directory)
    assert code == 4
    assert str(directory) in one_line(err)
    assert all(path.stat().st_size <= n_bytes for path in directory.rglob("*") if path.is_file())


def removing(directory: Path, at: int, called: Callable[..., object]) -> Callable[..., object]:
    """`called`, before whose call of a number the directory is removed."""
    left = at

    def remove_first(*arguments: object, **options: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            shutil.rmtree(directory)
        return called(*arguments, **options)

    return remove_first


@pytest.mark.parametrize(("moment", "at"), [("open", 1), ("open", 2), ("fsync", 1), ("replace", 1), ("replace", 2)])
@pytest.mark.parametrize(("name", "output"), ENDING)
def test_a_directory_that_goes_away_is_4(
    run_on_files: Run, name: str, output: Output, moment: str, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a file is made in it, when it is complete, before it gets its name; the first of them, or a later one."""
    directory = tmp_path / "out"
    directory.mkdir()
    monkeypatch.setattr(os, moment, removing(directory, at, getattr(os, moment)))
    code, _, err = run_on_files(name, output.arguments, file=directory / "file", directory=directory)
    if directory.exists():
        assert code == 0  # there were not so many files
        return
    assert code == 4
    assert str(directory) in one_line(err)
