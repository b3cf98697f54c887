"""Calls that are with a cluster: few at a time, taken back as they finish, cancelled when nobody waits any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

from .._version import __version__
from ..errors import ClusterError, TaskLostError
from .workers import call, require_same_version

if TYPE_CHECKING:
    from types import TracebackType

    from distributed import Client, Future

Key = TypeVar("Key")

_LOOK_SECONDS = 0.1
_COUNT_SECONDS = 2.0  # workers come and go


class Submission(Generic[Key]):
    """Calls with the workers of a client, each under a key; leaving the block cancels those that are left.

    Dask gives the calls of a worker that is lost to others. So few calls are with it at a time that results, which wait
    in the memory of workers, are few, too.

    Args:
        client: of the cluster; stays open.

    Raises:
        ClusterError: A worker has another version of ggufscope, or the scheduler is lost.
        ValueError: The client is for coroutines.
    """

    def __init__(self, client: Client) -> None:
        if client.asynchronous:
            raise ValueError("client is asynchronous, for coroutines; this call waits, and takes one that does")
        self._client = client
        self._address = str(client.scheduler.address) if client.scheduler is not None else "the scheduler"
        self._calls: dict[str, tuple[Key, Future]] = {}
        self._settled: SimpleQueue[str] = SimpleQueue()
        self._threads: dict[str, int] = {}  # of each worker, by its address
        self._counted = -_COUNT_SECONDS
        self._gone: list[str] = []
        self._none = False
        with self._reaching():
            require_same_version(client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = [future for _, future in self._calls.values()]
        self._calls.clear()
        if left and self._client.status == "running":
            with self._reaching():
                self._client.cancel(left, force=True)

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def n_threads(self) -> int:
        """Threads of all workers, as they were some moments ago."""
        if time.monotonic() - self._counted >= _COUNT_SECONDS:
            with self._reaching():
                threads = dict(self._client.nthreads())
            self._gone += self._threads.keys() - threads.keys()
            self._threads, self._counted = threads, time.monotonic()
        return sum(self._threads.values())

    @property
    def most(self) -> int:
        """Calls that keep all workers busy while results are taken back."""
        return 2 * self.n_threads + 2

    def submit(self, key: Key, function: Callable[..., Any], *arguments: Any) -> None:
        """Hand over function(*arguments).

        Raises:
            ClusterError: The scheduler is lost.
        """
        with self._reaching():
            future = self._client.submit(call, __version__, function, *arguments, pure=False, key=None)
        self._calls[future.key] = key, future
        future.add_done_callback(lambda settled: self._settled.put(settled.key))

    def next(self, look: Callable[[], object] = lambda: None) -> tuple[Key, Callable[[], Any]]:
        """Wait for a call to finish.

        Args:
            look: called now and then while there is something to wait for; may raise to cancel.

        Returns:
            The key of the call, and a function that gives its result or raises what the call raised; TaskLostError if
            one worker after another was lost with it.

        Raises:
            ClusterError: The scheduler is lost, or the worker has another version of ggufscope.
        """
        key, future = self._wait(look)
        with self._reaching():
            if future.status == "cancelled":
                raise self._lost()
            error = future.exception()
            answer = None if error is not None else future.result()
        if answer is None:
            return key, lambda: _raise(error)
        if isinstance(answer.error, ClusterError):
            raise answer.error
        return key, answer.result

    def watch(self, notice: Callable[[str], object]) -> None:
        """Tell of workers that were lost, and that there are none, now and then."""
        none = self.n_threads == 0
        for address in self._gone:
            notice(f"{address}: this worker was lost; others take its work")
        self._gone.clear()
        if none and not self._none:
            notice(f"{self._address}: no workers; waiting for some")
        self._none = none

    def _wait(self, look: Callable[[], object]) -> tuple[Key, Future]:
        while True:
            look()
            with suppress(Empty):
                return self._calls.pop(self._settled.get(timeout=_LOOK_SECONDS))

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Turn whatever Dask raises where its scheduler is lost into one error."""
        try:
            yield
        except ClusterError:
            raise
        except (OSError, CancelledError) as error:
            raise self._lost() from error
        except Exception as error:
            if self._client.status != "running":
                raise self._lost() from error
            raise

    def _lost(self) -> ClusterError:
        return ClusterError(f"{self._address}: the scheduler was lost")


def _raise(error: BaseException) -> NoReturn:
    """Raise what Dask says of a call that gave no answer."""
    from distributed.scheduler import KilledWorker  # noqa: PLC0415  an extra

    if isinstance(error, KilledWorker):
        n_lost, last = error.allowed_failures + 1, error.last_worker.address
        raise TaskLostError(f"workers were lost with this call, {n_lost} in all, the last of them {last}") from error
    raise error
