"""Matrices side by side, as many at a time as there are threads and memory for.

Each is measured by one thread, BLAS included: its numbers do not depend on how many there are.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from threadpoolctl import threadpool_limits

from ..arrays.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Result = TypeVar("Result")

_LEAST_ROOM = 1_500_000_000  # bytes that are used in any case
_SHARE = 4  # of the memory of the machine is used at most
_LOOK_SECONDS = 0.1


class GivenUpError(Exception):
    """Nobody waits for the work any more."""


class Task(Generic[Result]):
    """A piece of work.

    Args:
        work: called with the function that long work calls now and then, which raises GivenUpError.
        size: about how long it takes, in any unit.
        room: bytes that it needs.
    """

    def __init__(self, work: Callable[[Callable[[], None]], Result], size: int, room: int) -> None:
        self.work = work
        self.size = size
        self.room = room


class _Room:
    """Memory that tasks share; one that needs more than all of it runs alone."""

    def __init__(self, n_bytes: int) -> None:
        self._n_bytes = n_bytes
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, n_bytes: int, look: Callable[[], None]) -> Iterator[None]:
        """A block that has so many bytes."""
        with self._changed:
            while self._taken and self._taken + n_bytes > self._n_bytes:
                look()
                self._changed.wait(_LOOK_SECONDS)
            self._taken += n_bytes
        try:
            yield
        finally:
            with self._changed:
                self._taken -= n_bytes
                self._changed.notify_all()


def side_by_side(
    tasks: Sequence[Task[Result]], threads: int, progress: Callable[[int, int], object] | None
) -> Iterator[Result]:
    """The results of tasks in their order, each as soon as it and those before it are there.

    Args:
        tasks: of which some are always ahead.
        threads: at most so many.
        progress: called as `progress(done, total)` in sizes of tasks, in this thread, now and then; may raise.
    """
    given_up = threading.Event()
    room, total, done = _Room(_usable_memory()), sum(task.size for task in tasks), 0

    def look() -> None:
        if given_up.is_set():
            raise GivenUpError

    def run(task: Task[Result]) -> Result:
        with room.taken(task.room, look):
            return task.work(look)

    waiting: deque[tuple[Task[Result], Future[Result]]] = deque()
    rest = iter(tasks)
    with threadpool_limits(1, user_api="blas"), Pool(threads, "spectra") as pool:
        try:
            while True:
                while len(waiting) < 2 * threads and (task := next(rest, None)) is not None:
                    waiting.append((task, pool.submit(run, task)))
                if not waiting:
                    return
                first, future = waiting[0]
                while not wait([future], _LOOK_SECONDS, FIRST_COMPLETED).done:
                    if progress is not None:
                        progress(done, total)
                result = future.result()
                waiting.popleft()
                done += first.size
                if progress is not None:
                    progress(done, total)
                yield result
        finally:
            given_up.set()
            for _, future in waiting:
                future.cancel()


def _usable_memory() -> int:
    """Bytes that matrices may take."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):  # a system that does not tell
        return _LEAST_ROOM
    return max(_LEAST_ROOM, memory // _SHARE)
