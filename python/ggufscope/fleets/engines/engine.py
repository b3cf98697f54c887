"""The registry of engines: an engine is a module with `open_engine`, and a line in ENGINES.

An engine maps tasks to what was measured as they finish, in any order. What is wrong with a model is a `Measured` like
any other, whose state is `"failed"`; an engine makes one by `measured_failure` for a task that it lost for good.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from types import TracebackType

    from ..task import Measured, Task

# Module of each engine.
ENGINES = {"dask": "dask", "local": "local"}

# A task with what came out of it.
Outcome = tuple["Task", "Measured"]


@dataclass(frozen=True)
class Watch:
    """Functions that an engine calls in the thread that asks it for outcomes; each may raise to cancel.

    Attributes:
        progress: called as `progress(task, done_bytes, total_bytes)` while a task is at work, where that is known.
        notice: called with a line for the reader, as when a worker was lost and its task goes to another.
    """

    progress: Callable[[Task, int, int], object] = lambda task, done, total: None
    notice: Callable[[str], object] = lambda line: None


class Engine(Protocol):
    """Runs tasks; a context manager, for it may hold workers."""

    def outcomes(self, tasks: Sequence[Task], watch: Watch) -> Iterator[Outcome]:
        """Each task with what came out of it, as they finish: every task once.

        Raises:
            OSError: The engine itself is lost, as when a scheduler cannot be reached any more; names it. Outcomes that
                were handed over stay true.
        """

    def __enter__(self) -> Engine: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def require_engine(name: str) -> None:
    """Make sure that there is an engine of this name.

    Raises:
        ValueError: There is none.
    """
    if name not in ENGINES:
        raise ValueError(f"no engine {name!r}; there are {', '.join(ENGINES)}")


def open_engine(name: str, address: str | None, threads: int | None) -> Engine:
    """An engine, by its name.

    Args:
        name: of ENGINES.
        address: of its workers, where it has any; its module says in what form.
        threads: at most so many for one task; by default the cores that a process may use.

    Raises:
        MissingExtraError: A package is missing for it.
        OSError: It cannot be reached.
        ValueError: There is no such engine, or no such address.
    """
    require_engine(name)
    module = importlib.import_module(f".{ENGINES[name]}", __package__)
    return cast("Engine", module.open_engine(address, threads))
