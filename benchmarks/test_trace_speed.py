"""Prompts through a whole model by the streamed engine.

Against what no engine with float32 arithmetic can avoid: the multiplications as one matrix product after the other, of
floats that are already there, and decoding every weight once into memory.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from threadpoolctl import threadpool_limits

import ggufscope
from ggufscope import _core
from ggufscope.bench import Task
from ggufscope.runtime.engines.streamed import StreamedEngine, open_engine
from ggufscope.runtime.engines.streamed.network import Network
from ggufscope.runtime.measuring.capture import Recorder
from ggufscope.text.numbers import count_text, counted
from support.measuring import measured

PROMPTS, LONGER = 20, 5  # of 23 tokens, five of them of one more: 465 in all, as many as twenty short questions
N_TOKENS, NEW_TOKENS = 23, 4


@pytest.fixture
def engine(model: Path, threads: int) -> Iterator[StreamedEngine]:
    with ggufscope.open(model) as opened, open_engine(opened, threads) as running:
        yield running


def n_elements(model: Path) -> int:
    with ggufscope.open(model) as opened:
        return sum(matrix.n_rows * matrix.n_columns for matrix in Network(opened).matrices)


def prompts(n_vocabulary: int) -> list[npt.NDArray[np.int32]]:
    chance = np.random.default_rng(0)
    lengths = [N_TOKENS + (number < LONGER) for number in range(PROMPTS)]
    return [chance.integers(0, n_vocabulary, length).astype(np.int32) for length in lengths]


def decode_pass(model: Path, threads: int) -> Callable[[], None]:
    """Every matrix decoded once, into memory, by all threads."""
    with ggufscope.open(model) as opened:
        largest = max(matrix.n_rows * matrix.n_columns for matrix in Network(opened).matrices)

    def decode() -> None:
        with ggufscope.open(model) as opened:
            for matrix in Network(opened).matrices:
                out = buffer[: matrix.n_rows * matrix.n_columns].reshape(matrix.n_rows, matrix.n_columns)
                rows = slice(matrix.first, matrix.first + matrix.n_rows)
                matrix.tensor.dequantize(rows=rows, out=out, threads=threads)

    buffer = np.empty(largest, np.float32)
    return decode


def multiplications(model: Path, threads: int, n_tokens: int) -> Callable[[], None]:
    """As many as the layers take for so many tokens, BLAS with all threads."""
    with ggufscope.open(model) as opened:
        shapes = [
            (each.n_rows, each.n_columns) for each in Network(opened).matrices[:-1]
        ]  # few tokens reach the output
    chance = np.random.default_rng(0)
    weights = {shape: chance.random(shape, np.float32) for shape in set(shapes)}
    given = {columns: chance.random((n_tokens, columns), np.float32) for _, columns in weights}

    def multiply() -> None:
        with threadpool_limits(threads, "blas"):
            for shape in shapes:
                given[shape[1]] @ weights[shape].T

    return multiply


def task_of(model: Path, kernel: str, run: Callable[[], object], threads: int) -> Task:
    return Task("", kernel, run, n_elements=n_elements(model), threads=threads, isa=_core.current_isa())


def test_prefill(measure: Any, model: Path, engine: StreamedEngine, threads: int) -> None:
    """All figures of all prompts, in one pass over the weights."""
    given = prompts(engine.shape.n_vocabulary)
    n_tokens = sum(map(len, given))

    def read() -> None:
        engine.prefill(given, Recorder(len(given), engine.shape), room=NEW_TOKENS, progress=None)

    multiply, decode = multiplications(model, threads, n_tokens), decode_pass(model, threads)

    def both() -> None:
        multiply()
        decode()

    task = task_of(model, "prefill", read, threads)
    task = dataclasses.replace(task, limits={"multiplications + decode": both})
    title = f"{counted(len(given), 'prompt')}, {n_tokens} tokens, every figure, {counted(threads, 'thread')}"
    measure(task, f"{title}, {count_text(task.n_elements)} parameters", rounds=3, warmup=0)


def test_generation(measure: Any, model: Path, engine: StreamedEngine, threads: int) -> None:
    """Tokens for all prompts at once; each is one pass over the weights."""
    given = prompts(engine.shape.n_vocabulary)
    steps = NEW_TOKENS - 1  # the first comes out of the prefill
    task = task_of(model, "generation", lambda: engine.generate(NEW_TOKENS, frozenset(), progress=None), threads)
    task = dataclasses.replace(
        task,
        limits={"decode": decode_pass(model, threads)},
        scale=steps,
        before=lambda: engine.prefill([tokens[:1] for tokens in given], None, room=NEW_TOKENS, progress=None),
    )
    title = f"a token for each of {counted(len(given), 'prompt')}, {counted(threads, 'thread')}"
    measure(task, title, rounds=5, warmup=0, repeats=steps)


MEMORY = """
    import ggufscope
    before = anonymous()
    trace = ggufscope.trace(sys.argv[1], threads=int(sys.argv[2]), progress=sample, max_new_tokens=2)
    sample()
    tokens = sum(len(prompt.token_ids) for prompt in trace.document.prompts)
    print(json.dumps({"peak": peak, "before": before, "tokens": tokens}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_memory(measure: Any, benchmark: Any, model: Path, threads: int) -> None:
    """Not a time: the most memory that is no mapping of a file, of a trace of the prompts that come along."""
    found: dict[str, int] = {}
    task = task_of(model, "trace", lambda: found.update(measured(MEMORY, model, threads)), threads)
    title = f"trace of the prompts that come along, {counted(threads, 'thread')}, with the start of Python"
    measure(dataclasses.replace(task, keeps_busy=False), title, rounds=1, warmup=0)
    peak, before = (f"{found[name] / 1e6:.0f} MB" for name in ("peak", "before"))
    benchmark.extra_info["note"] = f"{found['tokens']} tokens; at most {peak} beyond the mapping, {before} before"
