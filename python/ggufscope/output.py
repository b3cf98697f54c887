"""Writing results: whole files or none, and standard output whose failures are not swallowed."""

import contextlib
import errno
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import IO, Any, Literal, overload

from .errors import OutputError


@contextlib.contextmanager
def _output_errors(name: str) -> Iterator[None]:
    """OSErrors as OutputErrors that name the output; a closed pipe stays one."""
    try:
        yield
    except (BrokenPipeError, OutputError):
        raise
    except OSError as error:
        raise OutputError(error.errno, error.strerror or str(error), name) from error


class _OutputFile(io.FileIO):
    """A file whose failing writes are told apart from the failing reads of the code that produces the data."""

    def __init__(self, descriptor: int, shown_name: str) -> None:
        super().__init__(descriptor, "w")
        self._shown_name = shown_name

    def write(self, data: Any, /) -> int:
        with _output_errors(self._shown_name):
            return super().write(data)


def _checked_target(path: str | PathLike[str]) -> Path:
    if os.fspath(path) in {"", "-"}:
        raise ValueError(f"{os.fspath(path)!r} does not name an output file")
    target = Path(os.path.realpath(path))  # through a link the file behind it is replaced, not the link
    if target.is_dir():
        raise OutputError(errno.EISDIR, "is a directory", os.fspath(path))
    return target


def _usual_mode(target: Path) -> int:
    """The permissions of the file to replace, or those a new file gets."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _text_or_binary(raw: _OutputFile, mode: str) -> IO[Any]:
    buffered = io.BufferedWriter(raw, 1 << 20)
    return buffered if mode == "wb" else io.TextIOWrapper(buffered, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def _closing(file: IO[Any], name: str) -> Iterator[IO[Any]]:
    """Close at the end; after an exception, without hiding that one behind a failing close."""
    try:
        yield file
    except BaseException:
        with contextlib.suppress(OSError):
            file.close()
        raise
    with _output_errors(name):
        file.close()


@overload
def atomic_write(path: str | PathLike[str], mode: Literal["w"] = "w") -> contextlib.AbstractContextManager[IO[str]]: ...
@overload
def atomic_write(path: str | PathLike[str], mode: Literal["wb"]) -> contextlib.AbstractContextManager[IO[bytes]]: ...
@contextlib.contextmanager
def atomic_write(path: str | PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """A file that appears under `path` whole when the block ends, or, if it is left by any exception, not at all.

    The data goes to a temporary file in the same directory, which then replaces `path`; an older file stays as it is
    until that moment. Devices and pipes (`/dev/null`) are written directly.

    Args:
        path: where to write; no directory, and not `-`.
        mode: `"w"` for UTF-8 text, `"wb"` for bytes (seekable).

    Raises:
        OutputError: the file cannot be written.
        ValueError: `path` is empty or `-`.
    """
    shown = os.fspath(path)
    target = _checked_target(path)
    if target.exists() and not target.is_file():
        with _output_errors(shown):
            descriptor = os.open(target, os.O_WRONLY)
        with _closing(_text_or_binary(_OutputFile(descriptor, shown), mode), shown) as file:
            yield file
        return
    with _output_errors(shown):
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
    try:
        with _closing(_text_or_binary(_OutputFile(descriptor, shown), mode), shown) as file:
            yield file
        with _output_errors(shown):
            os.chmod(temporary, _usual_mode(target))
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def print_out(text: str) -> None:
    """Write `text` and a line break to standard output.

    Raises:
        OutputError: it cannot be written (a full disk behind a redirection).
        BrokenPipeError: the reader went away.
    """
    with _output_errors("standard output"):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
