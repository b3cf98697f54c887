"""Clusters for tests: a scheduler with one worker in a process of its own, which a test may kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

_SCHEDULER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    options = {"protocol": "tcp://", "processes": False, "dashboard_address": "127.0.0.1:0", "memory_limit": 0}
    options["local_directory"] = sys.argv[1]
    with LocalCluster(n_workers=1, threads_per_worker=1, **options) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@contextmanager
def other_process() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a scheduler with a worker, and their process."""
    with (
        TemporaryDirectory() as directory,
        subprocess.Popen(
            [sys.executable, "-c", _SCHEDULER, directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()
