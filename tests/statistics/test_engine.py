"""What the engine does where a file or a machine makes it hard: threads, memory, counters."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ggufscope import _core
from support.observing import observe

Q1_0 = 41
WriteGguf = Callable[..., Path]


def in_new_process(program: str, *arguments: object) -> str:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_system_without_threads_to_spare() -> None:
    """Stacks larger than the address space: pthread_create fails, and the calling thread does the work alone."""
    if sys.platform != "linux":
        pytest.skip("needs pthread_setattr_default_np")
    program = """
import ctypes
import numpy as np
from ggufscope import _core
libc = ctypes.CDLL(None)
attributes = ctypes.create_string_buffer(256)
libc.pthread_attr_init(attributes)
assert libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(1 << 50)) == 0
if libc.pthread_setattr_default_np(attributes) != 0: raise SystemExit(print("no default"))
blocks = np.ones(8 << 20, np.float32).view(np.uint8)
out = np.empty(8 << 20, np.float32)
_core.decode(blocks, 0, out, threads=4)
assert out.min() == 1
print(_core.observe_buffer(blocks, 0, 8, 1 << 20, threads=4).n_elements)
"""
    assert in_new_process(program) == f"{8 << 20}\n"


def test_more_threads_than_anyone_has() -> None:
    """What is held in memory per thread follows the threads that have work."""
    weights = np.ones((3, 64), np.float32)
    assert observe(weights, threads=2**31 - 1)["n_elements"] == weights.size


@pytest.mark.parametrize(("heads", "kept"), [(4096, 4096), (4097, 0), (1 << 17, 0)])
def test_absurd_numbers_of_heads_are_left_out(write_gguf: WriteGguf, heads: int, kept: int) -> None:
    model = _core.Model(write_gguf({"blk.0.attn_q.weight": np.ones((heads, 32), np.float32)}))
    (part,) = _core.observe_model(model, [0], [1], 2)
    assert len(part.heads) == kept
    assert part.statistics.n_elements == heads * 32


def test_heads_smaller_than_any_are_left_out(write_gguf: WriteGguf) -> None:
    model = _core.Model(write_gguf({"blk.0.attn_q.weight": np.ones((64, 8), np.float32)}))
    assert [len(_core.observe_model(model, [0], [rows], 1)[0].heads) for rows in (1, 3, 4, 16, 64)] == [0, 0, 16, 4, 1]


def test_very_wide_rows_cost_a_bounded_memory() -> None:
    """Sums of columns wait with every chunk in flight: 32 MB each here, where the blocks are 14 MB in all."""
    program = """
import resource
import numpy as np
from ggufscope import _core
blocks = np.zeros(24 * (1 << 22) // 128 * 18, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
_core.observe_buffer(blocks, 41, 24, 1 << 22, threads=16)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    if sys.platform != "linux":
        pytest.skip("ru_maxrss in KB")
    assert int(in_new_process(program)) < 300 << 10


def test_progress_while_another_thread_has_a_long_row(write_gguf: WriteGguf) -> None:
    """The calling thread goes on reporting, and so hears of Ctrl-C, when all that is left is another thread's row."""
    short, long = (np.zeros((1, n // 256 * 50), np.uint8) for n in (1 << 23, 1 << 28))  # the caller is first to begin
    model = _core.Model(write_gguf({"a.weight": (short, "IQ1_S"), "b.weight": (long, "IQ1_S")}))
    longest = []
    for _ in range(4):
        times = [time.monotonic()]

        def progress(_done: int, _total: int, times: list[float] = times) -> None:
            times.append(time.monotonic())

        _core.observe_model(model, [0, 1], [0, 0], 2, progress=progress)
        longest.append(float(max(np.diff(times)) / (times[-1] - times[0])))
    assert max(longest) < 0.8, longest


@pytest.mark.slow
def test_counters_of_32_bits_do_not_overflow() -> None:
    """One worker, one tensor, more equal weights than four counters of 32 bits hold; the blocks share one page."""
    rows, columns = 1025, 1 << 24
    blocks = np.zeros(rows * columns // 128 * 18, np.uint8)
    fields = _core.observe_buffer(blocks, Q1_0, rows, columns).fields()
    assert fields["n_elements"] == rows * columns > 4 << 32
    keys, counts = fields["histogram"]
    assert (keys.tolist(), counts.tolist()) == ([0], [rows * columns])
    assert fields["code_saturation"] == 1
