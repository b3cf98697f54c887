"""What people use instead, as a multiple of ggufscope's time.

On 16 Mi weights in memory; NumPy and ggml's decoders work with one thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

import ggufscope
import peers
from ggufscope import _core
from ggufscope.bench import Sample, Task, kernel_tasks, make_sample
from ggufscope.text.numbers import counted

N_ELEMENTS = 1 << 24
each_type = pytest.mark.parametrize("name", ["Q4_K", "Q6_K", "Q4_0", "Q8_0", "F16", "BF16"])


@pytest.fixture
def sample(name: str) -> Sample:
    return make_sample(name, n_elements=N_ELEMENTS)


def peer_task(sample: Sample, kernel: str, run: object, limits: dict[str, object]) -> Task:
    return Task(sample.type, kernel, run, limits, sample.n_elements, sample.blocks.nbytes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Q4_K", "Q6_K", "Q8_0", "F16"])
def test_statistics_gguf_and_numpy(measure: Any, sample: Sample, threads: int) -> None:
    """Seven statistics there; all of them here, or all but histogram, norms of rows and columns and codes."""
    tasks = kernel_tasks(["full", "fast"], sample, threads=sorted({threads, 1}, reverse=True))
    ours = {f"ggufscope, {task.kernel}, {counted(task.threads, 'thread')}": task.run for task in tasks}
    expected = ggufscope.summarize(sample.blocks.reshape(sample.rows, -1), sample.type)
    found = peers.with_gguf_and_numpy(sample)
    assert found == {name: pytest.approx(expected[name], rel=1e-5, abs=1e-8) for name in found}
    task = peer_task(sample, "statistics", lambda: peers.with_gguf_and_numpy(sample), ours)
    measure(task, f"seven statistics of {sample.type}, gguf + NumPy", rounds=3)


def require_equal(sample: Sample, weights: np.ndarray) -> None:
    assert (ggufscope.dequantize(sample.blocks, sample.type) == weights.reshape(-1)).all()


@each_type
def test_decode_gguf(measure: Any, sample: Sample) -> None:
    require_equal(sample, peers.with_gguf(sample))
    (ours,) = kernel_tasks(["decode"], sample)
    task = peer_task(sample, "decode", lambda: peers.with_gguf(sample), {"ggufscope, 1 thread": ours.run})
    measure(task, f"decode {sample.type}, gguf", rounds=5)


@pytest.mark.skipif(not peers.ggml_is_here(), reason="llama-cpp-python is not installed")
@each_type
def test_decode_ggml(measure: Any, sample: Sample) -> None:
    out = np.ones(sample.n_elements, np.float32)
    run = peers.with_ggml(sample, out)
    run()
    require_equal(sample, out)
    (ours,) = kernel_tasks(["decode"], sample)
    task = peer_task(sample, "decode", run, {"ggufscope, 1 thread": ours.run})
    measure(task, f"decode {sample.type}, ggml", rounds=7)


def test_open_gguf(measure: Any, model: Path) -> None:
    """A file with the vocabulary of its model."""

    def ours() -> None:
        with ggufscope.open(model) as opened:
            assert opened.tensors

    task = Task("", "open", lambda: gguf.GGUFReader(model), {"ggufscope.open": ours}, isa=_core.current_isa())
    measure(task, "open, gguf.GGUFReader", rounds=3)
