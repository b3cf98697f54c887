"""The source that a window is filled from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading


class RangeSource(Protocol):
    """A file that lies elsewhere; ranges may be fetched by several threads at once.

    Attributes:
        name: of the file in lines, free of secrets.
        size: its bytes.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    def take_beginning(self) -> memoryview:
        """The first bytes, which came when the file was opened; they are given away once."""

    def fetch(self, offset: int, out: memoryview, stop: threading.Event) -> None:
        """Fill all of `out` with the bytes from `offset` on; gives up when `stop` is set.

        Raises:
            GGUFError: The file changed since it was opened.
            OSError: The range cannot be had.
        """

    def close(self) -> None: ...
