"""The kernels that are measured, each one function; a new one is a function under `@measured`, and nothing else.

The function prepares what the kernel needs beside the blocks and returns what is then timed. `ggufscope bench` and the
suites in `benchmarks/` take their kernels from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import current_isa, observe_buffer, observe_pair_buffers, row_products
from .._core import decode as core_decode
from . import limits
from .samples import COLUMNS, Sample
from .tasks import Task, Work

READING, STORING = "reading", "storing"
F16 = 1  # ggml's number of the type


@dataclass(frozen=True)
class Prepared:
    """A kernel that is ready to run.

    Attributes:
        run: called with the number of threads and the instruction set.
        output: what it writes, where that is too large for a cache; storing as much is then the nearer limit.
    """

    run: Callable[[int, str], object]
    output: npt.NDArray[Any] | None = None


@dataclass(frozen=True)
class Kernel:
    """A kernel of the registry; `meaning` says in a line what is computed, `largest` how many weights at once."""

    name: str
    meaning: str
    largest: int
    prepare: Callable[[Sample], Prepared]


KERNELS: dict[str, Kernel] = {}


def measured(
    name: str, meaning: str, *, largest: int = 1 << 40
) -> Callable[[Callable[[Sample], Prepared]], Callable[[Sample], Prepared]]:
    """Register a kernel."""

    def register(prepare: Callable[[Sample], Prepared]) -> Callable[[Sample], Prepared]:
        KERNELS[name] = Kernel(name, meaning, largest, prepare)
        return prepare

    return register


@measured("full", "every statistic of every weight")
def full(sample: Sample) -> Prepared:
    return Prepared(lambda threads, isa: _observe(sample, threads, isa, fast=False))


@measured("fast", "without histogram, row and column norms and code statistics")
def fast(sample: Sample) -> Prepared:
    return Prepared(lambda threads, isa: _observe(sample, threads, isa, fast=True))


@measured("decode", "to float32 in memory", largest=1 << 25)
def decode(sample: Sample) -> Prepared:
    out = np.ones(sample.n_elements, np.float32)  # ones: the pages must be there
    return Prepared(
        lambda threads, isa: core_decode(sample.blocks, sample.id, out, threads=threads, isa=isa), output=out
    )


@measured("products", "row products W x and (W∘W) y, one vector each")
def products(sample: Sample) -> Prepared:
    x, y = np.random.default_rng(0).standard_normal((2, 1, COLUMNS))
    return Prepared(
        lambda threads, isa: row_products(sample.blocks, sample.id, COLUMNS, x, y, threads=threads, isa=isa)
    )


@measured("pairs", "errors beside F16, of the tensor, its rows and columns", largest=1 << 25)
def pairs(sample: Sample) -> Prepared:
    weights = np.random.default_rng(0).standard_normal(sample.n_elements, np.float32)
    reference = weights.astype(np.float16).view(np.uint8)
    shape = (sample.rows, COLUMNS)
    return Prepared(
        lambda threads, isa: observe_pair_buffers(
            reference, F16, sample.blocks, sample.id, *shape, threads=threads, isa=isa
        )
    )


def _observe(sample: Sample, threads: int, isa: str, *, fast: bool) -> None:
    observe_buffer(sample.blocks, sample.id, sample.rows, COLUMNS, threads=threads, fast=fast, isa=isa)


def kernel_tasks(
    names: Iterable[str], sample: Sample, *, threads: Sequence[int] = (1,), isa: str | None = None
) -> list[Task]:
    """Kernels on a sample, each measured against reading its bytes and, if it writes many, against storing as many.

    Args:
        names: in `KERNELS`.
        sample: the blocks.
        threads: of kernels and limits; one task for each number.
        isa: instruction set; None for the one in use.
    """
    tasks = []
    for name in names:
        kernel = KERNELS[name]
        part = sample.first(kernel.largest // COLUMNS)
        prepared = kernel.prepare(part)
        tasks += [_task(kernel, part, prepared, n_threads, isa or current_isa()) for n_threads in threads]
    return tasks


def _task(kernel: Kernel, sample: Sample, prepared: Prepared, threads: int, isa: str) -> Task:
    against: dict[str, Work] = {READING: lambda: limits.read(sample.blocks, threads)}
    output = prepared.output
    if output is not None:
        against = {STORING: lambda: limits.store(output, threads), **against}
    return Task(
        subject=sample.type,
        kernel=kernel.name,
        run=lambda: prepared.run(threads, isa),
        limits=against,
        n_elements=sample.n_elements,
        n_bytes=sample.blocks.nbytes,
        threads=threads,
        isa=isa,
    )
