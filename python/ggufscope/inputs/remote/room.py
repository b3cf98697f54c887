"""The memory of a window: blocks that are used again and again, and little ones of their own size."""

from __future__ import annotations

_LITTLE = 2  # pieces of less than this part of a block have memory of their own size


class Room:
    """Memory for pieces, so many bytes in all.

    Args:
        size: bytes.
        block_bytes: of a block, the size of the largest pieces.
    """

    def __init__(self, size: int, block_bytes: int) -> None:
        self._size = size
        self._block_bytes = block_bytes
        self._used = 0
        self._free: list[memoryview] = []

    def fits(self, size: int) -> bool:
        """Whether there is room for a piece of so many bytes."""
        if self._little(size):
            return self._used + size <= self._size or bool(self._free)
        return bool(self._free) or self._used + self._block_bytes <= self._size

    def take(self, size: int) -> memoryview:
        """Memory for a piece that fits."""
        if self._little(size):
            if self._used + size > self._size:
                self._free.pop()
                self._used -= self._block_bytes
            self._used += size
            return memoryview(bytearray(size))
        if self._free:
            return self._free.pop()[:size]
        self._used += self._block_bytes
        return memoryview(bytearray(self._block_bytes))[:size]

    def give_back(self, memory: memoryview) -> None:
        """Take the memory of a piece back."""
        block = memory.obj
        if isinstance(block, bytearray) and len(block) == self._block_bytes:
            self._free.append(memoryview(block))
        else:
            self._used -= len(memory)

    def _little(self, size: int) -> bool:
        return size * _LITTLE < self._block_bytes
