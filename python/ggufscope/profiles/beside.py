"""Work in a thread of its own, in order, beside what the calling thread waits for in the core."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Self

from ..arrays.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import TracebackType

_MOST_WAITING = 2  # calls, each of which holds what it works on


class Beside:
    """Runs calls one after the other; whoever leaves its block waits for all of them.

    A call that raises ends the work: the next one that is handed over, or the end of the block, raises that.
    """

    def __enter__(self) -> Self:
        self._pool = Pool(1, "ggufscope-collecting")
        self._waiting: deque[Future[Any]] = deque()
        return self

    def call(self, work: Callable[..., object], *arguments: object) -> None:
        """Hand a call over, and wait where too many are waiting."""
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= _MOST_WAITING):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(work, *arguments))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel=kind is not None)
        if kind is None:
            for each in self._waiting:
                each.result()
