"""The directory of a fleet: a directory of each model in it, which is there whole or not at all.

    OUT/fleet.json                       the mark of a fleet
    OUT/model=<name>-<hash>/             one per model: see `task`
    OUT/.model=….tmp/                    being written; left behind only by a process that was killed

A model's files are written beside their place and moved there as a directory, so that any number of processes may write
into one OUT. Where two have measured the same model, the first one's files stay.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FleetError, OutputError
from ..saving.directories import usable_directory
from ..saving.files import atomic_write, sync_directory
from ..saving.guard import Guard
from ..saving.marks import is_ours
from .record import RECORD_FORM
from .rows import MODEL_TABLE, ROLE_TABLE, TENSOR_TABLE
from .sources import PARTITION
from .task import CHECK, PROFILE, RECORD

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from .record import Record
    from .sources import Source
    from .task import Measured

FLEET = "fleet.json"
_MARK = '{"schema": "ggufscope.fleet/1"}\n'
_OF_MEASURED = {RECORD, PROFILE, CHECK, MODEL_TABLE, TENSOR_TABLE, ROLE_TABLE}
_OF_FAILED = {RECORD, MODEL_TABLE}
_ABANDONED_SECONDS = 3600  # no process writes so long at the files of one model, which it has in memory
_MOST_TRIES = 10
_OCCUPIED = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}


class FleetDirectory:
    """A directory that holds a fleet, or will.

    Args:
        path: of it.
        force: replace files, too, that ggufscope did not write.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self.path = path
        self._force = force

    def make(self, inputs: Iterable[Source] = ()) -> None:
        """Make and mark the directory if it is not there.

        Args:
            inputs: whose files are never replaced.

        Raises:
            OutputError: It cannot be made or written, or its mark is of another program.
            ValueError: Its mark is an input.
        """
        mark = self.path / FLEET
        if not _is_mark(mark):
            guard = Guard([source.path for source in inputs] if os.path.lexists(mark) else (), force=self._force)
            usable_directory(self.path, [FLEET], guard)
            with atomic_write(mark, guard=guard) as file:
                file.write(_MARK)
        usable_directory(self.path, [])
        self._remove_abandoned()

    @classmethod
    def find(cls, directory: str | PathLike[str]) -> FleetDirectory:
        """The directory of a fleet that was measured.

        Raises:
            FleetError: There is none.
        """
        if not (Path(directory) / FLEET).is_file():
            raise FleetError(f"{os.fspath(directory)}: no directory of a fleet; it has no {FLEET}")
        return cls(Path(directory))

    def models(self) -> list[Path]:
        """The directories of models, by name."""
        return sorted(each for each in self.path.glob(f"{PARTITION}*") if each.is_dir() and not each.is_symlink())

    def record(self, source: Source) -> Record | None:
        """The record of a model whose directory is complete; None of any other.

        Raises:
            OSError: It cannot be read.
        """
        directory = self.path / source.directory
        try:
            names = set(os.listdir(directory))
        except (FileNotFoundError, NotADirectoryError):
            return None
        if RECORD not in names:
            return None
        try:
            record = RECORD_FORM.read(directory / RECORD)
        except FleetError:
            return None  # damaged, or of another version: it is made again
        return record if names >= (_OF_MEASURED if record.facts.state == "measured" else _OF_FAILED) else None

    def keep(self, source: Source, measured: Measured) -> None:
        """Put the files of a model in their place, whole, in place of older ones.

        Raises:
            OutputError: They cannot be written, or something stands there that is not from ggufscope.
        """
        target = self.path / source.directory
        temporary = self._beside(target)
        try:
            _write(temporary, measured.files)
            self._place(temporary, target, source, measured.record)
        finally:
            _remove(temporary)

    def _place(self, temporary: Path, target: Path, source: Source, record: Record) -> None:
        for _ in range(_MOST_TRIES):  # other processes may be doing the same
            try:
                os.rename(temporary, target)
                sync_directory(self.path)
            except OSError as error:
                if error.errno not in _OCCUPIED:
                    raise OutputError(error.errno, error.strerror, str(target)) from error
            else:
                return
            if self.record(source) == record:  # another one was quicker
                return
            self._move_away(target)
        raise OutputError(errno.EBUSY, "is being replaced by other processes again and again", str(target))

    def _move_away(self, target: Path) -> None:
        """Remove an older directory of a model, at once as others see it."""
        _refuse_foreign(target, force=self._force)
        aside = self._beside(target)
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            os.rename(target, aside)
        _remove(aside)

    def _beside(self, target: Path) -> Path:
        return self.path / f".{target.name}.{secrets.token_hex(8)}.tmp"

    def _remove_abandoned(self) -> None:
        """Remove what processes that were killed have left behind."""
        for path in self.path.glob(f".{PARTITION}*.tmp"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.lstat().st_mtime > _ABANDONED_SECONDS:
                    _remove(path)


def _is_mark(path: Path) -> bool:
    return not path.is_symlink() and path.is_file() and path.read_bytes() == _MARK.encode()


def _write(directory: Path, files: dict[str, bytes]) -> None:
    try:
        directory.mkdir()
        for name, content in files.items():
            with (directory / name).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        sync_directory(directory)
    except OSError as error:
        raise OutputError(error.errno, error.strerror, error.filename or str(directory)) from error


def _refuse_foreign(target: Path, *, force: bool) -> None:
    """Make sure that a directory is one of ours, with nothing else in it.

    Args:
        target: the directory.
        force: whether files of our names may have other contents.

    Raises:
        OutputError: It is not.
    """
    if target.is_symlink() or not target.is_dir():
        raise OutputError(errno.ENOTDIR, "is a link or no directory, and the results of a model need one", str(target))
    try:
        files = list(target.iterdir())
    except FileNotFoundError:
        return
    for file in files:
        stranger = file.name not in _OF_MEASURED or file.is_symlink() or not file.is_file()
        if stranger or not (force or is_ours(file)):
            raise OutputError(errno.EEXIST, "exists and is not from ggufscope", str(file))


def _remove(directory: Path) -> None:
    """Remove a directory of a model with the files that ggufscope wrote there, and nothing else."""
    with contextlib.suppress(OSError):
        for name in _OF_MEASURED:
            (directory / name).unlink(missing_ok=True)
        directory.rmdir()
