"""Keeps what was measured while more is measured: the files of several models go to the disk at once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Self

from ..arrays.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import TracebackType

    from .directory import FleetDirectory
    from .record import Record
    from .sources import Source
    from .task import Measured

_WRITERS = 8
_MOST_WAITING = 32  # models whose files are in memory


class Keeping:
    """Puts the files of models in their places, and tells of each when it is there.

    Args:
        directory: of the fleet.
        kept: called in the calling thread, in the order of `add`.
    """

    def __init__(self, directory: FleetDirectory, kept: Callable[[Source, Record], object]) -> None:
        self._directory = directory
        self._kept = kept
        self._pool = Pool(_WRITERS, "ggufscope-fleet")
        self._waiting: deque[tuple[Source, Record, Future[None]]] = deque()

    def add(self, source: Source, measured: Measured) -> None:
        """Take a model over.

        Raises:
            OutputError: Files of this one, or of one before, cannot be written.
        """
        writing = self._pool.submit(self._directory.keep, source, measured)
        self._waiting.append((source, measured.record, writing))
        while self._waiting and (self._waiting[0][2].done() or len(self._waiting) > _MOST_WAITING):
            self._tell_first()

    def _tell_first(self) -> None:
        source, record, writing = self._waiting[0]
        writing.result()
        self._waiting.popleft()
        self._kept(source, record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish what was taken over; after an error without telling more than is in its place."""
        try:
            while self._waiting and error is None:
                self._tell_first()
        finally:
            self._pool.shutdown()
            if error is not None:
                self._tell_what_is_kept()

    def _tell_what_is_kept(self) -> None:
        for source, record, writing in self._waiting:
            if writing.exception() is None:
                self._kept(source, record)
