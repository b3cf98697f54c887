"""Files that are read whole, as saved results are: errors name them, and a pipe keeps nobody waiting."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from io import BufferedReader
from typing import TYPE_CHECKING

from ..models.magic import GGUF_MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

MOST_BYTES = 1 << 30  # of a saved result; those of the largest models have some megabytes


@contextlib.contextmanager
def open_input(path: str | PathLike[str], *, pipes: bool = False) -> Iterator[BufferedReader]:
    """A file opened for reading.

    A named pipe waits for somebody who writes, and a device may never end; whoever can write a directory may have put
    one there under the name of a result.

    Args:
        path: of the file.
        pipes: whether it may be a pipe or a device: only where the user names the file, and it is read once.

    Raises:
        OSError: It cannot be read, or is no regular file; names it.
    """
    name = os.fspath(path)
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if pipes else os.O_NONBLOCK)
    try:
        with open(name, "rb", opener=lambda opened, _: os.open(opened, flags)) as file:
            if not pipes:
                _require_regular(file.fileno())
            yield file
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror or str(error), name) from error


def read_whole(file: BufferedReader) -> bytes:
    """The content of a regular file that `open_input` opened.

    Raises:
        OSError: It cannot be read, or is larger than any result.
    """
    if os.fstat(file.fileno()).st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"has more than {MOST_BYTES >> 20} MiB: no result of this program")
    return file.read()


def starts_as_model(file: BufferedReader) -> bool:
    """Whether a file begins as a GGUF model does; its place stays at the beginning."""
    return file.peek(len(GGUF_MAGIC)).startswith(GGUF_MAGIC)


def _require_regular(descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is no regular file but a device, pipe or socket")
