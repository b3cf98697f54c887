"""From the address of a cluster to a client: a scheduler that runs somewhere, or workers on this machine."""

from __future__ import annotations

import logging
import re
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..errors import ClusterError
from ..extras import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client

_LOCAL = re.compile(r"local:([1-9]\d{0,2})")
_SCHEDULER = re.compile(r"[a-z]+://.+")
_SECONDS = 10.0  # until a scheduler answers


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
    from distributed import Client, LocalCluster  # noqa: PLC0415  an extra
    from distributed.utils import silence_logging_cmgr  # noqa: PLC0415

    with ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))
        if n_workers is not None:
            # No limit of memory: Dask would count mapped pages of models, and end workers for them.
            cluster = LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                memory_limit=0,
                local_directory=stack.enter_context(TemporaryDirectory(prefix="ggufscope-")),
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # its port is otherwise always the same
                silence_logs=logging.CRITICAL,
            )
            stack.enter_context(cluster)
            yield stack.enter_context(Client(cluster))
            return
        try:
            client = Client(address, timeout=_SECONDS)
        except (OSError, TimeoutError) as error:
            raise ClusterError(f"{address}: no scheduler answers there") from error
        yield stack.enter_context(client)
