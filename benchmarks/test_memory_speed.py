"""Blocks in memory, larger than the caches.

Types that people profile, with as many threads as there are, against reading or storing the same bytes with as many.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ggufscope.bench import Task, kernel_tasks, make_sample
from ggufscope.text.numbers import counted

N_BYTES = 128 << 20
IN_CACHE = 12 << 20  # enough for several threads, and at home in the last cache


def in_words(task: Task, extra: str = "") -> str:
    return f"{task.kernel} {task.subject}, {counted(task.threads, 'thread')}{extra}"


@pytest.mark.parametrize("kernel", ["full", "fast"])
@pytest.mark.parametrize("name", ["Q4_0", "Q8_0", "F16", "BF16", "Q4_K", "Q6_K"])
def test_statistics(measure: Any, threads: int, name: str, kernel: str) -> None:
    (task,) = kernel_tasks([kernel], make_sample(name, n_bytes=N_BYTES), threads=[threads])
    measure(task, in_words(task))


@pytest.mark.parametrize("many", [False, True], ids=["one_thread", "many_threads"])
def test_dequantize(measure: Any, threads: int, many: bool) -> None:
    sample = make_sample("Q4_K", n_bytes=N_BYTES)
    (task,) = kernel_tasks(["decode"], sample, threads=[threads if many else 1])
    measure(task, in_words(task, " (`dequantize`)"), rounds=11)


@pytest.mark.parametrize("kernel", ["full", "fast"])
@pytest.mark.parametrize("name", ["Q4_K", "F16"])
def test_threads_in_cache(measure: Any, threads: int, name: str, kernel: str) -> None:
    """What more threads gain while memory is out of the way; 1 / threads would be perfect."""
    if threads == 1:
        pytest.skip("there is one thread only")
    alone, together = kernel_tasks([kernel], make_sample(name, n_bytes=IN_CACHE), threads=[1, threads])
    task = dataclasses.replace(together, limits={"1 thread": alone.run})
    measure(task, in_words(task, ", in cache"), rounds=15)
