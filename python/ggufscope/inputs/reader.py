"""The one form in which bytes that lie in no mapped file reach the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class ByteReader(Protocol):
    """Reads ranges of one file, wherever it lies; every method may be called by several threads at once.

    Attributes:
        name: of the file in error lines, as `hf://org/name/file.gguf`; free of secrets.
        size: bytes of the whole file.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    def read_into(self, offset: int, out: memoryview) -> None:
        """Fill all of `out`, writable bytes, with the bytes of the file from `offset` on.

        Raises:
            OSError: The bytes cannot be had.
            GGUFError: The file changed since it was opened, or ends before the range does.
            KeyboardInterrupt: Somebody does not want to wait any more.
        """

    def expect(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Announce the ranges (offset, size) that will be read next, in this order; they may be fetched ahead.

        Each call replaces what was announced before.
        """

    def close(self) -> None:
        """Give up connections and memory; a closed reader reads nothing more."""
