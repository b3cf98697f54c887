"""Ranges of a file of this machine, for those who read a file without mapping it."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from .._core import GGUFError

if TYPE_CHECKING:
    from collections.abc import Sequence


class LocalReader:
    """Reads an ordinary file at positions; a `ByteReader`.

    Raises:
        OSError: The file cannot be opened, or is no ordinary file.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        self._descriptor: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would block
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            code = errno.EISDIR if stat.S_ISDIR(status.st_mode) else errno.EINVAL
            raise OSError(code, os.strerror(code) if code == errno.EISDIR else "is no regular file", path)
        self.size = status.st_size

    def read_into(self, offset: int, out: memoryview) -> None:
        if self._descriptor is None:
            raise ValueError(f"{self.name}: the file is closed")
        done = 0
        while done < len(out):
            count = os.preadv(self._descriptor, [out[done:]], offset + done)
            if count == 0:
                raise GGUFError(f"{self.name}: the file ends at byte {offset + done}; it had {self.size}")
            done += count

    def expect(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Nothing to do: the system reads ahead by itself."""

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
