"""Memory that stays with the process after calls: little, however many threads have called and whatever they saw."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# Scales of every kind, so that most counters of the tables that halves can reach are in use.
HEADER = """
import threading
from pathlib import Path
import numpy as np
from ggufscope import _core

(Q8_0,) = (row for row in _core.types() if row["name"] == "Q8_0")

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20

def blocks_of(n_elements):
    n_blocks = n_elements // Q8_0["elements_per_block"]
    return np.random.default_rng(0).integers(0, 256, n_blocks * Q8_0["bytes_per_block"], dtype=np.uint8)

def observe(blocks):
    _core.observe_buffer(blocks, Q8_0["id"], blocks.size // Q8_0["bytes_per_block"], 32)
"""

LARGE_CALL = """
blocks = blocks_of(2**25)
observe(blocks_of(2**10))
before = resident()
observe(blocks)
print(resident() - before)
"""

MANY_THREADS = """
blocks = blocks_of(2**18)
observe(blocks)
before = resident()
done, end = threading.Barrier(25), threading.Barrier(25)

def work():
    done.wait()
    observe(blocks)
    done.wait()
    end.wait()

threads = [threading.Thread(target=work) for _ in range(24)]
for thread in threads:
    thread.start()
done.wait()
done.wait()
print(resident() - before)
end.wait()
"""


def grown_megabytes(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", HEADER + code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def test_a_large_call_leaves_no_tables() -> None:
    assert grown_megabytes(LARGE_CALL) < 1.5  # of 2.8


def test_threads_that_wait_keep_no_tables() -> None:
    assert grown_megabytes(MANY_THREADS) < 20  # of 24 times 2.4
