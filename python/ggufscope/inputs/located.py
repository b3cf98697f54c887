"""One file that a name stands for, wherever it lies, and the files beside it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from .local_reader import LocalReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from .reader import ByteReader
    from .remote.window import Window


class Located(ABC):
    """A file that can be read by ranges.

    Attributes:
        name: of the file as lines show it, free of secrets; the last part is the name of the file itself.
        address: by which the file is found again; of one that lies elsewhere it may hold secrets, and is never shown.
        path: where the file lies on this machine; None of one that lies elsewhere.
    """

    name: str
    address: str
    path: str | None = None

    @abstractmethod
    def open(self, window: Window | None = None) -> ByteReader:
        """Open the file.

        Args:
            window: that a remote file is read through, shared by the files of a model; by default one of its own.

        Raises:
            FileNotFoundError: There is no such file.
            OSError: It cannot be read.
        """

    @abstractmethod
    def beside(self, file_name: str) -> Located:
        """The file of this name in the same directory; whether it is there, opening it shows."""

    def sibling(self, name: str) -> Located:
        """The file of a name that differs from this one's in its last part, as those of a split model do."""
        return self if name == self.name else self.beside(name.rpartition("/")[2])


class LocalFile(Located):
    """A file of this machine."""

    path: str

    def __init__(self, path: str) -> None:
        self.name = self.address = self.path = path

    def open(self, window: Window | None = None) -> ByteReader:
        return LocalReader(self.path)

    def beside(self, file_name: str) -> LocalFile:
        return LocalFile(os.path.join(os.path.dirname(self.path), file_name))


class RemoteFile(Located):
    """A file that lies elsewhere.

    Args:
        name: as lines show it.
        address: by which it is found again.
        opened: opens the file, within a window or one of its own.
        named_beside: the file of another name in the same directory.
    """

    path = None

    def __init__(
        self,
        name: str,
        address: str,
        opened: Callable[[Window | None], ByteReader],
        named_beside: Callable[[str], RemoteFile],
    ) -> None:
        self.name = name
        self.address = address
        self._opened = opened
        self._named_beside = named_beside

    def open(self, window: Window | None = None) -> ByteReader:
        return self._opened(window)

    def beside(self, file_name: str) -> RemoteFile:
        return self._named_beside(file_name)


def read_whole(file: Located, limit: int) -> bytes:
    """All bytes of a small file, as `config.json`.

    Raises:
        OSError: The file cannot be read, or is not there (FileNotFoundError).
        ValueError: It is larger than `limit`.
    """
    reader = file.open()
    try:
        if reader.size > limit:
            raise ValueError(f"{file.name}: {reader.size} bytes; the limit is {limit}")
        content = bytearray(reader.size)
        reader.read_into(0, memoryview(content))
        return bytes(content)
    finally:
        reader.close()
