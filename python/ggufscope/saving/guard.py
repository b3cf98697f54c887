"""The guard of every output: no file is written over one that is read, nor over one that ggufscope did not write.

Files are compared by device and inode, so that links, symbolic and hard, name the same file; every shard of a split
model is read. Devices and pipes lose nothing by being written and are left alone.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from .._core import GGUFError
from .._core import Model as CoreModel
from ..errors import OutputError
from ..models.magic import is_gguf
from ..text.numbers import bytes_text
from .marks import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    StrPath = str | PathLike[str]
    FileKey = tuple[int, int]  # device and inode
    FileState = tuple[int, int, int, int]  # the same, size, and when it was changed


class Guard:
    """Decides whether a command, or a function, may write a file.

    Args:
        inputs: files that are read, or may be; for a model any of its files. None, and what is no file, does not count.
        force: whether files may be replaced that ggufscope did not write. Inputs may not in any case.
        replaces_models: whether a model that `synth` wrote may be replaced, as by another one.
    """

    def __init__(
        self, inputs: Iterable[StrPath | None] = (), *, force: bool = False, replaces_models: bool = False
    ) -> None:
        self._inputs: dict[FileKey, StrPath] = {}
        for path in inputs:
            if path is not None and _file_key(path) not in self._inputs:  # a shard may be known by another already
                self._inputs |= {key: file for file in (path, *_shards(Path(path))) if (key := _file_key(file))}
        self._looked_at: set[FileState] = set()  # a shard says whose it is only beside the others of its model
        self._force = force
        self._replaces_models = replaces_models

    def is_input(self, path: StrPath) -> bool:
        """Whether a file is one that is read, by whatever name."""
        return _file_key(path) in self._inputs

    def check(self, *outputs: StrPath) -> None:
        """Make sure that all files of one command may be written.

        Raises:
            ValueError: One of them is an input, or two of them are one file.
            OutputError: One of them is not from ggufscope, is a directory or a link to nothing, or cannot be read.
        """
        known: dict[FileKey | str, StrPath] = {}
        for output in outputs:
            key = _file_key(output)
            if key in self._inputs:
                raise ValueError(_is_input(output, self._inputs[key]))
            if key is None and os.path.exists(output):
                continue  # a device, a pipe or a directory
            place = key or os.path.realpath(output)
            if place in known:
                raise ValueError(f"{os.fspath(output)} and {os.fspath(known[place])} are the same file: choose two")
            known[place] = output
        for output in outputs:
            self._refuse_foreign(Path(output))

    def _refuse_foreign(self, path: Path) -> None:
        if path.is_symlink() and not path.exists():  # what is behind it would be made, wherever that is
            raise OutputError(errno.ENOENT, "is a link to a file that is not there", str(path))
        if path.is_dir():
            raise OutputError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if self._force or not path.is_file():
            return
        *_, size, _ = state = _file_state(path)
        if size == 0 or state in self._looked_at:
            return  # of an empty file nothing is lost: somebody reserved the name, as `mktemp` does
        ours, is_model = is_ours(path), is_gguf(path)
        if not ours:
            kind = "a GGUF file" if is_model else "a file"
            reason = f"exists and is not from ggufscope ({kind} of {bytes_text(size)}); force=True replaces it"
            raise OutputError(errno.EEXIST, reason, str(path))
        if is_model and not self._replaces_models:
            raise OutputError(errno.EEXIST, "exists and is a model; force=True replaces it", str(path))
        self._looked_at.add(state)


def _is_input(output: StrPath, read: StrPath) -> str:
    shown, other = os.fspath(output), os.fspath(read)
    return f"{shown} is an input{'' if shown == other else f', {other}'}: results need a file of their own"


def _shards(path: Path) -> list[str]:
    """The files of a model; none where it is no model, or a malformed one, which whoever reads it will say."""
    try:
        if not is_gguf(path):
            return []
        model = CoreModel(path)
    except (GGUFError, OSError):
        return []
    files = list(model.files)
    model.close()
    return files


def _file_key(path: StrPath) -> FileKey | None:
    """Device and inode of an ordinary file, through links; None for anything else, and where there is nothing."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # a path that no file can have does not name one
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _file_state(path: Path) -> FileState:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
