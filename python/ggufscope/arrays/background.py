"""Work in a thread of its own, beside other work, given up when nobody waits for it any more."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from .pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Result = TypeVar("Result")

_LOOK_SECONDS = 0.1


class Background(Generic[Result]):
    """A function that runs from when the block is entered; leaving the block early gives it up.

    Args:
        work: the function; it should look at `given_up` now and then.
        name: of the thread.
        wanted: without, nothing runs.
    """

    def __init__(self, work: Callable[[], Result], name: str, *, wanted: bool) -> None:
        self._work = work
        self._wanted = wanted
        self._pool = Pool(1, name)
        self._future: Future[Result] | None = None
        self.given_up = threading.Event()

    def __enter__(self) -> Self:
        if self._wanted:
            self._future = self._pool.submit(self._work)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.given_up.set()
        self._pool.shutdown()

    def wait(self, look: Callable[[], object] | None = None) -> None:
        """Wait for the end; `look` is called now and then while there is something to wait for, and may raise."""
        while self._future is not None and wait([self._future], _LOOK_SECONDS).not_done:
            if look is not None:
                look()

    def so_far(self) -> Result | None:
        """The result; None while there is none yet, or nothing ran. Raises what the function raised."""
        return self._future.result() if self._future is not None and self._future.done() else None
