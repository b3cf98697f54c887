"""The engine that has models measured by the workers of a Dask cluster, large ones in pieces.

Dask runs the cluster: it watches the workers, and gives the calls of one that is lost to others. Names of models must
mean the same to all workers, as on a file system that they share.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from ..._core import usable_cores
from ...clusters.connecting import connected, local_workers
from ...clusters.submission import Submission
from .shares import Shares, shares_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from distributed import Client

    from ...profiles.batches import BatchLimits
    from ..task import Task
    from .engine import Outcome, Watch
    from .shares import Call

    _Calls = Iterator[tuple[Shares, Call]]
    _Submission = Submission[tuple[Shares, int]]

LARGE_BYTES = 1 << 30  # of a model: from here on it is cut


def open_engine(address: str | None, threads: int | None) -> DaskEngine:
    """The engine.

    Args:
        address: `tcp://HOST:PORT` of a scheduler, or `local:N` for N processes on this machine.
        threads: of one call; by default one with a scheduler, whose workers take a call for each of their threads, and
            with processes here as many as leave a core to each thread.

    Raises:
        ClusterError: No scheduler answers there.
        MissingExtraError: Dask is not installed.
        ValueError: There is no address, or it is none.
    """
    if address is None:
        raise ValueError("the engine dask needs an address: tcp://HOST:PORT, or local:N for N processes here")
    here = local_workers(address)
    return DaskEngine(address, threads or (1 if here is None else max(1, usable_cores() // here)))


class DaskEngine:
    """Tasks on a cluster; see `open_engine`.

    Args:
        address: of the cluster.
        threads: of one call.
        large: bytes of a model from which on it is cut.
        limits: of the pieces; None for those of `plan`.
    """

    def __init__(self, address: str, threads: int, large: int = LARGE_BYTES, limits: BatchLimits | None = None) -> None:
        self._threads = threads
        self._large = large
        self._limits = limits
        self._stack = ExitStack()
        self.client: Client = self._stack.enter_context(connected(address))

    def outcomes(self, tasks: Sequence[Task], watch: Watch) -> Iterator[Outcome]:
        """Each task with what came out of it, as they finish."""
        calls = self._calls(tasks)
        at_work: set[Shares] = set()
        try:
            with Submission[tuple[Shares, int]](self.client) as submission:
                yield from self._outcomes(calls, submission, at_work, watch)
        finally:
            for shares in at_work:
                shares.close()

    def _outcomes(
        self, calls: _Calls, submission: _Submission, at_work: set[Shares], watch: Watch
    ) -> Iterator[Outcome]:
        while True:
            self._submit(calls, submission, at_work)
            if not len(submission):
                return
            (shares, key), result = submission.next(lambda: submission.watch(watch.notice))
            measured = shares.take(key, result)
            watch.progress(shares.task, shares.done_bytes, shares.n_bytes)
            if measured is not None:
                at_work.discard(shares)
                yield shares.task, measured

    @staticmethod
    def _submit(calls: _Calls, submission: _Submission, at_work: set[Shares]) -> None:
        """Hand over calls, so many that workers are busy and few results wait."""
        while len(submission) + sum(shares.n_waiting for shares in at_work) < submission.most:
            following = next(calls, None)
            if following is None:
                return
            shares, (key, function, arguments) = following
            at_work.add(shares)
            submission.submit((shares, key), function, *arguments)

    def _calls(self, tasks: Sequence[Task]) -> _Calls:
        for task in tasks:
            shares = shares_of(task, self._threads, self._limits, self._large)
            for call in shares.calls():
                yield shares, call

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
