"""The engine that measures one model after the other in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ..task import measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from ..task import Task
    from .engine import Outcome, Watch


def open_engine(address: str | None, threads: int | None) -> LocalEngine:
    """The engine.

    Raises:
        ValueError: There is an address: it has no workers.
    """
    if address is not None:
        raise ValueError(f"the engine in this process has no workers at {address!r}")
    return LocalEngine(threads)


class LocalEngine:
    """Tasks in their order, in the calling thread."""

    def __init__(self, threads: int | None) -> None:
        self._threads = threads

    def outcomes(self, tasks: Sequence[Task], watch: Watch) -> Iterator[Outcome]:
        """Each task with what came out of it."""
        for task in tasks:

            def progress(done: int, total: int, task: Task = task) -> None:
                watch.progress(task, done, total)

            yield task, measure(task.name, task.settings, self._threads, progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
