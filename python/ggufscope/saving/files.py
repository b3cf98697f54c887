"""Writing results: whole files or none, on the disk before they have their names."""

import contextlib
import errno
import io
import os
import secrets
import stat
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import IO, Any, Literal, overload

from ..errors import OutputError
from .guard import Guard

_LONGEST_START = 100  # bytes of the target's name that the name of its temporary file begins with


@contextlib.contextmanager
def _output_errors(name: str) -> Iterator[None]:
    """OSErrors as OutputErrors that name the output."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(error.errno, error.strerror or str(error), name) from error


class OutputFile(io.FileIO):
    """A file whose failing writes are told apart from the failing reads of the code that produces the data."""

    def __init__(self, descriptor: int, shown_name: str, *, closefd: bool = True) -> None:
        super().__init__(descriptor, "w", closefd=closefd)
        self._shown_name = shown_name

    def write(self, data: Any, /) -> int:
        with _output_errors(self._shown_name):
            return super().write(data)


def _checked_target(path: str | PathLike[str]) -> Path:
    if os.fspath(path) in {"", "-"}:
        raise ValueError(f"{os.fspath(path)!r} does not name an output file")
    target = Path(os.path.realpath(path))  # through a link the file behind it is replaced, not the link
    if target.is_dir():
        raise OutputError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    return target


def _permissions(target: Path) -> int | None:
    """Those of the file to replace; None where there is none."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return None


def _open_temporary(target: Path, permissions: int | None) -> tuple[int, Path]:
    """A new file beside the target, which nobody may read who may not read the target.

    The kernel takes the umask off the permissions of a new file. To ask for the umask one would have to change it, for
    all threads of the process.
    """
    start = os.fsdecode(os.fsencode(target.name)[:_LONGEST_START])
    temporary = target.with_name(f".{start}.{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(temporary, flags, 0o666 if permissions is None else permissions & 0o777), temporary


def _replace(temporary: Path, target: Path) -> None:
    """Put a file under the name of the target, for good: its directory is written to the disk, too."""
    os.replace(temporary, target)
    sync_directory(target.parent)


def sync_directory(directory: Path) -> None:
    """Write the names in a directory to the disk.

    Raises:
        OSError: They cannot be written.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return  # a directory that may be written and not be read cannot be synced
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # file systems that sync files alone
            raise
    finally:
        os.close(descriptor)


def _text_or_binary(raw: OutputFile, mode: str) -> IO[Any]:
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
def atomic_write(
    path: str | PathLike[str], mode: Literal["w"] = "w", *, guard: Guard | None = None
) -> contextlib.AbstractContextManager[IO[str]]: ...
@overload
def atomic_write(
    path: str | PathLike[str], mode: Literal["wb"], *, guard: Guard | None = None
) -> contextlib.AbstractContextManager[IO[bytes]]: ...
@contextlib.contextmanager
def atomic_write(path: str | PathLike[str], mode: str = "w", *, guard: Guard | None = None) -> Iterator[IO[Any]]:
    """A file that appears under `path` whole when the block ends, or, if it is left by any exception, not at all.

    The data goes to a temporary file in the same directory, which is written to the disk and then replaces `path`; an
    older file stays as it is until that moment. Devices and pipes (`/dev/null`) are written directly.

    Args:
        path: where to write; no directory, and not `-`.
        mode: `"w"` for UTF-8 text, `"wb"` for bytes (seekable).
        guard: asked before the block and again before an older file is replaced; by default one that knows no inputs
            and refuses what ggufscope did not write.

    Raises:
        OutputError: The file cannot be written, or stands there and is not from ggufscope.
        ValueError: `path` is empty, `-`, or an input.
    """
    shown = os.fspath(path)
    target = _checked_target(path)
    guard = guard or Guard()
    guard.check(path)
    if os.path.exists(path) and not os.path.isfile(path):  # of /dev/stdout, a pipe, only this name leads to it
        with _output_errors(shown):
            descriptor = os.open(path, os.O_WRONLY)
        with _closing(_text_or_binary(OutputFile(descriptor, shown), mode), shown) as file:
            yield file
        return
    with _output_errors(shown):
        permissions = _permissions(target)
        descriptor, temporary = _open_temporary(target, permissions)
    try:
        with _closing(_text_or_binary(OutputFile(descriptor, shown), mode), shown) as file:
            yield file
            with _output_errors(shown):
                file.flush()
                if permissions is not None:
                    os.fchmod(descriptor, permissions)
                os.fsync(descriptor)  # a name that stands for a file not yet on the disk is an empty file after a crash
        guard.check(target)  # something else may stand there by now
        with _output_errors(shown):
            _replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
