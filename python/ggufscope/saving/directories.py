"""Output directories: what stands in the way is found before the work, and only ggufscope's own files are removed."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from .guard import Guard
from .marks import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike


def usable_directory(directory: str | PathLike[str], names: Iterable[str], guard: Guard | None = None) -> Path:
    """The directory, made if it is not there, after a look at what stands in the way.

    Args:
        directory: where to write.
        names: of the files to write; in a name with `*` it is the directory of that name that must be one.
        guard: asked for each of them; by default one that refuses what ggufscope did not write.

    Raises:
        OutputError: It cannot be made or written, or holds under one of the names a file of another origin, what is no
            file, or a link in place of a directory.
        ValueError: One of the files is an input.
    """
    target, files = Path(directory), list(dict.fromkeys(names))
    guard = guard or Guard()
    make_directory(target)
    effective = os.access in os.supports_effective_ids  # the rights that writing will have
    if not os.access(target, os.W_OK | os.X_OK, effective_ids=effective):
        raise OutputError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    for name in files:
        _check_way(target, target / name)
    guard.check(*(target / name for name in files if "*" not in name))
    return target


def _check_way(target: Path, path: Path) -> None:
    """Make sure that a file of an output directory can be one of its own.

    A link in place of a directory below it leads to files that nobody named, and a pipe in place of a file waits for a
    reader. Neither is from ggufscope; whoever may write there may have planted it.

    Raises:
        OutputError: Something else stands in the way.
    """
    below = path.parent
    if below != target and below.is_symlink():
        raise OutputError(errno.ELOOP, "is a link, and results go into directories of their own", str(below))
    if below != target and below.exists() and not below.is_dir():
        raise OutputError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(below))
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OutputError(errno.EEXIST, "is no regular file", str(path))


def make_directory(directory: Path) -> None:
    """Make a directory, and those above it, where there is none.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(error.errno, error.strerror, str(directory)) from error


def remove_ours(path: Path) -> None:
    """Remove a file, if it is there and of ggufscope.

    Raises:
        OutputError: It cannot be removed, or not be read to see whose it is.
    """
    if path.is_file() and is_ours(path):
        try:
            path.unlink()
        except OSError as error:
            raise OutputError(error.errno, error.strerror, str(path)) from error
