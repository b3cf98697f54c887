"""Threads that work on tasks; where the system gives none, whoever hands over a task does it."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

Item = TypeVar("Item")
Result = TypeVar("Result")


class Pool:
    """At most `threads` threads, each started when there is work for it.

    A limit of processes or of memory may leave no thread to start. Those there are do the work then, or the caller.
    """

    def __init__(self, threads: int, name: str = "ggufscope") -> None:
        self._executor = ThreadPoolExecutor(threads, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    def submit(self, work: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Hand over a task: work(*arguments)."""
        task = _Task(work, arguments)
        try:
            self._executor.submit(task)
        except RuntimeError as error:
            if "start new thread" not in str(error):
                raise
            task()  # it stays in line for other threads, if there are any, and is done once
        return task.future

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """The results of work(item), in the order of the items; raises what the first failing one raised."""
        futures: list[Future[Result]] = []
        try:
            futures += (self.submit(work, item) for item in items)
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def shutdown(self, *, cancel: bool = False) -> None:
        """Wait for the end of the tasks; with `cancel`, those that nobody began are left undone."""
        self._executor.shutdown(cancel_futures=cancel)


class _Task(Generic[Result]):
    """A call that is made once, by whoever comes first."""

    def __init__(self, work: Callable[..., Result], arguments: tuple[Any, ...]) -> None:
        self._work = work
        self._arguments = arguments
        self._unclaimed = threading.Lock()
        self.future: Future[Result] = Future()

    def __call__(self) -> None:
        if not self._unclaimed.acquire(blocking=False) or not self.future.set_running_or_notify_cancel():
            return
        try:
            result = self._work(*self._arguments)
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)
