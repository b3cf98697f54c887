"""From the address of a cluster to a client: a scheduler that runs somewhere, or workers on this machine."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import threading
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..errors import ClusterError
from ..extras import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client, LocalCluster

_LOCAL = re.compile(r"local:([1-9]\d{0,2})")
_SCHEDULER = re.compile(r"[a-z]+://.+")
_SECONDS = 10.0  # until a scheduler answers
_LAST_SECONDS = 0.2  # for a worker whose call nobody waits for


def local_workers(address: str) -> int | None:
    """The number of workers of `local:N`; None for the address of a scheduler.

    Raises:
        ValueError: The address is neither.
    """
    if match := _LOCAL.fullmatch(address):
        return int(match[1])
    if _SCHEDULER.fullmatch(address):
        return None
    raise ValueError(f"a cluster is tcp://HOST:PORT, or local:N for N processes here; not {address!r}")


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of a cluster, for as long as the block; workers of `local:N` end with it.

    Args:
        address: `tcp://HOST:PORT` of a scheduler, or `local:N` for N processes on this machine.

    Raises:
        ClusterError: No scheduler answers there.
        MissingExtraError: Dask is not installed.
        ValueError: That is no address.
    """
    n_workers = local_workers(address)
    need("distributed", "cluster")
    from distributed import Client  # noqa: PLC0415  an extra
    from distributed.utils import silence_logging_cmgr  # noqa: PLC0415

    with ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))
        if n_workers is not None:
            yield stack.enter_context(Client(stack.enter_context(_workers_here(n_workers))))
            return
        try:
            client = Client(address, timeout=_SECONDS)
        except (OSError, TimeoutError) as error:
            raise ClusterError(f"{address}: no scheduler answers there") from error
        yield stack.enter_context(client)


@contextmanager
def _workers_here(n_workers: int) -> Iterator[LocalCluster]:
    """A scheduler in this process, and workers in processes of their own."""
    from distributed import LocalCluster  # noqa: PLC0415  an extra

    with TemporaryDirectory(prefix="ggufscope-") as directory, ExitStack() as stack:
        cluster = None
        try:
            with _interrupts_wait():
                cluster = LocalCluster(
                    n_workers=n_workers,
                    threads_per_worker=1,
                    memory_limit=0,  # a share of the memory says nothing of what a call needs, which is little
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # its port is otherwise always the same
                    local_directory=directory,
                    silence_logs=logging.CRITICAL,
                )
                stack.enter_context(cluster)
            yield cluster
        except BaseException:
            if cluster is not None:
                cluster.sync(_end_now, cluster)
            raise


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """A block that Ctrl-C does not break off, and whose threads and processes never see it: it is for this process.

    A cluster that is half there could not be ended. What is started inherits the mask of signals.
    """
    resource_tracker.ensure_running()  # its start would lift the mask
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    came: list[int] = []
    here = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, frame: came.append(number)) if here else None
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if here:
            signal.signal(signal.SIGINT, handler)
    if came and callable(handler):
        handler(came[0], None)


async def _end_now(cluster: LocalCluster) -> None:
    """End workers in the middle of their calls, which nobody waits for."""
    closing = (nanny.close(timeout=_LAST_SECONDS) for nanny in cluster.workers.values())
    await asyncio.gather(*closing, return_exceptions=True)  # one that does not end in time was killed
