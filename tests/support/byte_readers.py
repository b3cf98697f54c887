"""Readers of bytes in memory that count their calls and fail as they are told."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ggufscope import _core


@dataclass
class CountingReader:
    """Reads `content`; `size` may claim more than there is, which then reads as zeros.

    `before` is called with the number of each call, from 0, in the thread that makes it.
    """

    name: str
    content: bytes | mmap.mmap
    size: int = -1
    before: Callable[[int], object] = lambda number: None
    calls: list[tuple[int, int]] = field(default_factory=list)
    announced: list[list[tuple[int, int]]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    times_closed: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        if self.size < 0:
            self.size = len(self.content)

    def read_into(self, offset: int, out: memoryview) -> None:
        with self._lock:
            number = len(self.calls)
            self.calls.append((offset, len(out)))
            self.threads.add(threading.get_ident())
        self.before(number)
        assert self.times_closed == 0
        out[:] = self.content[offset : offset + len(out)].ljust(len(out), b"\0")

    def expect(self, ranges: Sequence[tuple[int, int]]) -> None:
        self.announced.append(list(ranges))

    def close(self) -> None:
        self.times_closed += 1


def read_model(reader: CountingReader) -> _core.Model:
    """The model of one file that a reader reads."""
    return _core.Model.from_readers(reader.name, lambda _: reader)
