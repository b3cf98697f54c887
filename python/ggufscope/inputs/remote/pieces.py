"""Pieces of remote files: ranges that are announced, on their way, or in memory."""

from __future__ import annotations

import bisect
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .source import RangeSource

NEGLIGIBLE_GAP = 4096  # bytes between two ranges that are fetched along: less than another request costs


class State(Enum):
    """Where the bytes of a piece are."""

    WANTED = auto()
    COMING = auto()
    HERE = auto()
    FAILED = auto()


@dataclass(eq=False)
class Piece:
    """A range of a file that is fetched at once.

    Attributes:
        file: that it belongs to.
        begin: position of its first byte.
        end: position behind its last.
        order: of what was announced, in which it will be read.
        unread: bytes that are still to be read, of what was announced.
        state: where its bytes are.
        memory: its bytes, while they are here or coming.
        failure: why it could not be had.
        readers: threads that wait for it or copy from it now; it stays as long as there are some.
        used: when it was read last, in seconds.
    """

    file: FilePieces
    begin: int
    end: int
    order: int = 0
    unread: int = 0
    state: State = State.WANTED
    memory: memoryview = field(default_factory=lambda: memoryview(b""))
    failure: BaseException | None = None
    readers: int = 0
    used: float = 0.0

    @property
    def size(self) -> int:
        return self.end - self.begin

    @property
    def idle(self) -> bool:
        """Whether it is here and nobody reads it at the moment."""
        return self.state is State.HERE and self.readers == 0


class Announced(NamedTuple):
    """A range that is to become a piece."""

    order: int
    begin: int
    end: int


class FilePieces:
    """The pieces of one file, none of which overlap, what is announced beside them, and samples that are kept.

    Attributes:
        source: that the file is fetched from.
        announced: ranges that are to become pieces, in order.
        times: how often what is announced will be read.
        strict: whether several read what is announced, each all of it in order, so that nobody may run ahead.
    """

    def __init__(self, source: RangeSource) -> None:
        self.source = source
        self.announced: deque[Announced] = deque()
        self.times = 1
        self.strict = False
        self._plan: list[tuple[int, int]] = []  # all that was announced, by position
        self._begins: list[int] = []
        self._pieces: dict[int, Piece] = {}
        self._sample_begins: list[int] = []
        self._samples: dict[tuple[int, int], bytes] = {}
        self._sample_sizes: dict[int, int] = {}

    def pieces(self) -> Iterator[Piece]:
        return iter(self._pieces.values())

    def at(self, position: int) -> Piece | None:
        """The piece that holds the byte of a position."""
        index = bisect.bisect_right(self._begins, position) - 1
        if index < 0:
            return None
        piece = self._pieces[self._begins[index]]
        return piece if position < piece.end else None

    def add(self, piece: Piece) -> Piece:
        bisect.insort(self._begins, piece.begin)
        self._pieces[piece.begin] = piece
        return piece

    def remove(self, piece: Piece) -> None:
        if self._pieces.get(piece.begin) is piece:
            del self._pieces[piece.begin]
            self._begins.remove(piece.begin)

    def next_begin(self, position: int) -> int:
        """Where the next piece or announced range behind a position begins, or the file ends."""
        index = bisect.bisect_right(self._begins, position)
        piece = self._begins[index] if index < len(self._begins) else self.source.size
        return min([piece, *(one.begin for one in self.announced if one.begin > position)])

    def announced_at(self, position: int) -> Announced | None:
        """The announced range that holds the byte of a position."""
        return next((one for one in self.announced if one.begin <= position < one.end), None)

    def split_off(self, planned: Announced, begin: int, end: int) -> Announced:
        """A part of an announced range, which is announced no longer, in contrast to what is around it."""
        index = self.announced.index(planned)
        del self.announced[index]
        end = min(end, planned.end)
        for part in (planned._replace(begin=end), planned._replace(end=begin)):
            if part.begin < part.end:
                self.announced.insert(index, part)
        return planned._replace(begin=begin, end=end)

    def covers(self, ranges: Sequence[tuple[int, int]]) -> bool:
        """Whether all of the ranges (begin, end) were announced."""
        for begin, end in ranges:
            index = bisect.bisect_right(self._plan, (begin, self.source.size)) - 1
            if begin < end and (index < 0 or end > self._plan[index][1]):
                return False
        return True

    def planned_bytes(self, piece: Piece) -> int:
        """How many bytes of a piece were announced."""
        index = max(0, bisect.bisect_right(self._plan, (piece.begin, 0)) - 1)
        total = 0
        while index < len(self._plan) and self._plan[index][0] < piece.end:
            begin, end = self._plan[index]
            total += max(0, min(end, piece.end) - max(begin, piece.begin))
            index += 1
        return total

    def announce(self, ranges: Sequence[tuple[int, int]], most: int, first: int, times: int = 1) -> None:
        """Announce ranges (begin, end) in place of those before; what is here or coming is not announced again.

        Args:
            ranges: in the order in which they will be read.
            most: bytes of a piece.
            first: the order of the first of them.
            times: how often each will be read.
        """
        joined = _joined(ranges)
        self.times = times
        self._plan = _joined(sorted(joined))
        cuts = (cut for whole in joined for free in self._free(*whole) for cut in _cut(*free, most))
        self.announced = deque(Announced(order, *cut) for order, cut in zip(count(first), cuts, strict=False))

    def _free(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of a range that no piece holds."""
        while begin < end:
            piece = self.at(begin)
            if piece is None:
                index = bisect.bisect_right(self._begins, begin)
                stop = min([end, *self._begins[index : index + 1]])
                yield begin, stop
                begin = stop
            else:
                begin = piece.end

    def want_samples(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Keep copies of ranges (offset, size) that lie in pieces that come."""
        self._sample_sizes = dict(ranges)
        self._sample_begins = sorted(self._sample_sizes)

    def keep_samples_of(self, piece: Piece) -> None:
        """Copy the samples that lie in a piece."""
        first = bisect.bisect_left(self._sample_begins, piece.begin)
        for begin in self._sample_begins[first : bisect.bisect_left(self._sample_begins, piece.end)]:
            size = self._sample_sizes[begin]
            if begin + size <= piece.end:
                self._samples[begin, size] = bytes(piece.memory[begin - piece.begin :][:size])

    def sample(self, offset: int, size: int) -> bytes | None:
        """The sample of exactly this range, if it came by."""
        return self._samples.get((offset, size))


def _joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in their order, those joined that follow each other in the file, and no empty ones."""
    joined: list[tuple[int, int]] = []
    for begin, end in ranges:
        if begin < end:
            if joined and joined[-1][1] <= begin <= joined[-1][1] + NEGLIGIBLE_GAP:
                joined[-1] = joined[-1][0], end
            else:
                joined.append((begin, end))
    return joined


def _cut(begin: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    """A range in pieces of at most so many bytes."""
    for start in range(begin, end, most):
        yield start, min(end, start + most)
