"""Output directories: ggufscope replaces or removes only files that it wrote.

It knows them by a mark that other programs do not write: a comment, an entry of their metadata, the schema they name,
or the names of their first columns.
"""

from __future__ import annotations

import errno
import os
import zlib
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ..errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

COMMENT = "<!-- ggufscope"
CHART_COMMENT = f"{COMMENT} chart -->"
PAGE_COMMENT = f"{COMMENT} report -->"

_PNG_HEADER_BYTES = 33  # signature and IHDR, after which other chunks may stand
_PNG_TEXT = b"Software\0ggufscope"
_MARKS_BY_NAME = {
    "analysis-report.json": b'"schema": "ggufscope.analysis/',
    "profile.json": b'"schema": "ggufscope.profile/',
    "probe.json": b'"schema": "ggufscope.trace/',
    "study.json": b'"schema": "ggufscope.study/',
    "trace.json": b'"schema": "ggufscope.trace/',
    "validation.json": b'"schema": "ggufscope.validation/',
    "weights.toml": b"# ggufscope weights",
    "tensors.csv": b"name,role,layer,stack,expert,type,shape,n_bytes,",
    "layers.csv": b"layer,stack,",
    "heads.csv": b"layer,role,head,",
    "validation.csv": b"quantity,per,layer,head,unit,measured,",
}
_MARKS_BY_SUFFIX = {
    ".html": PAGE_COMMENT.encode(),
    ".md": COMMENT.encode(),
    ".svg": CHART_COMMENT.encode(),
    ".png": _PNG_TEXT,
    ".parquet": b"ggufscope",  # a key of its metadata
}
_HEAD_BYTES, _TAIL_BYTES = 1 << 10, 1 << 18


def usable_directory(directory: str | PathLike[str], names: Iterable[str]) -> Path:
    """The directory, made if it is not there, after a look at what stands in the way.

    Args:
        directory: where to write.
        names: of the files to write; in a name with `*` it is the directory of that name that must be one.

    Raises:
        OutputError: It cannot be made or written, or holds a file of another origin under one of the names.
    """
    target = Path(directory)
    make_directory(target)
    if not os.access(target, os.W_OK | os.X_OK):
        raise OutputError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    for name in names:
        if "*" not in name:
            refuse_foreign(target / name)
        elif (target / name).parent.exists():
            make_directory((target / name).parent)
    return target


def make_directory(directory: Path) -> None:
    """Make a directory, and those above it, where there is none.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(error.errno, error.strerror, str(directory)) from error


def refuse_foreign(path: Path) -> None:
    """Make sure that a file may be replaced, if there is one.

    Raises:
        OutputError: It is not from ggufscope, is a directory, or cannot be read.
    """
    if path.exists() and not is_ours(path):
        raise OutputError(errno.EEXIST, "exists and is not from ggufscope; choose another directory", str(path))


def is_ours(path: Path) -> bool:
    """Whether a file carries the mark of its name or kind.

    Raises:
        OutputError: It is a directory, or cannot be read.
    """
    mark = _MARKS_BY_NAME.get(path.name) or _MARKS_BY_SUFFIX.get(path.suffix)
    try:
        with path.open("rb") as file:
            found = file.read(_HEAD_BYTES)
            if path.suffix == ".parquet":  # metadata stands at the end
                file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
                found = file.read()
    except OSError as error:
        raise OutputError(error.errno, error.strerror, str(path)) from error
    return mark is not None and mark in found


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


def marked(name: str, content: str | bytes) -> bytes:
    """The content of a picture with the mark of its kind.

    Args:
        name: of the file; its suffix says what it is.
        content: SVG or PNG.
    """
    data = content.encode() if isinstance(content, str) else content
    if PurePath(name).suffix == ".svg":
        return f"{CHART_COMMENT}\n".encode() + data
    return data[:_PNG_HEADER_BYTES] + _png_chunk(b"tEXt", _PNG_TEXT) + data[_PNG_HEADER_BYTES:]


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return len(content).to_bytes(4, "big") + kind + content + checksum.to_bytes(4, "big")
