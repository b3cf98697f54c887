"""Products of matrices with the activations of many tokens, tile by tile.

    x (tokens × columns) · Wᵀ:   rows of W ──decode──▶ tile, float32, in cache ──GEMM──▶ a stripe of the product

Threads take tiles from one counter. BLAS has to keep to one thread meanwhile (`threadpool_limits`).

A few tokens are left to the core, which multiplies a few rows as soon as they are decoded: BLAS would copy each tile
into blocks of its own, which costs more than so few products.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ...._core import current_isa
from ....arrays.multiply import multiply_few
from ....arrays.pool import Pool
from .limits import DEFAULT_LIMITS, StreamLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from ....architecture.matrices import Matrix
    from ...shape import Array
    from .kept_products import KeptProducts

    Watch = Callable[[Matrix, Array, Array], object]

Item = TypeVar("Item")


class Workers:
    """A few threads that outlive single products. Interrupted, they end with the tile or item at hand.

    Attributes:
        threads: their number.
        limits: sizes of the pieces they work on.
        kept: products that need not be computed again; None: all are.
        watch: called in the calling thread with every matrix that is multiplied, the tokens and the product, which it
            must not change; None: nobody watches.
    """

    def __init__(self, threads: int, limits: StreamLimits = DEFAULT_LIMITS) -> None:
        self.threads = threads
        self.limits = limits
        self.kept: KeptProducts | None = None
        self.watch: Watch | None = None
        self._pool = Pool(threads)
        self._own = threading.local()

    def each(self, work: Callable[[Item], object], items: Sequence[Item]) -> None:
        """work(item) for every item, in no particular order; an exception in one is raised here.

        NumPy does not warn meanwhile: values that are not finite are looked for afterwards.
        """
        if self.threads == 1 or len(items) == 1:
            with np.errstate(all="ignore"):
                for item in items:
                    work(item)
            return
        counter = itertools.count()
        stopped = threading.Event()

        def loop(_: int) -> None:
            try:
                with np.errstate(all="ignore"):  # holds for one thread alone
                    while not stopped.is_set() and (number := next(counter)) < len(items):
                        work(items[number])
            except BaseException:
                stopped.set()
                raise

        futures = [self._pool.submit(loop, thread) for thread in range(min(self.threads, len(items)))]
        try:
            for future in futures:
                future.result()
        finally:
            stopped.set()

    def buffer(self, rows: int, columns: int) -> Array:
        """A float32 array of this thread, to be overwritten by its next call."""
        held: Array | None = getattr(self._own, "buffer", None)
        if held is None or held.size < rows * columns:
            held = self._own.buffer = np.empty(rows * columns, np.float32)
        return held[: rows * columns].reshape(rows, columns)

    def close(self) -> None:
        self._pool.shutdown(cancel=True)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def product(matrix: Matrix, x: Array, workers: Workers) -> Array:
    """Scale · x Wᵀ + bias.

    Args:
        matrix: W, (rows, columns).
        x: float32 (tokens, columns), C-contiguous.
        workers: that share the tiles.

    Returns:
        float32 (tokens, rows), to be overwritten as the caller likes.
    """
    if workers.kept is None or matrix.substitute is not None:
        return _multiplied(matrix, x, workers)
    return workers.kept.take(matrix, x, lambda: _multiplied(matrix, x, workers))


def _multiplied(matrix: Matrix, x: Array, workers: Workers) -> Array:
    few = len(x) < workers.limits.many_tokens
    few = few and current_isa() != "generic"  # which has no multiply-add and calls a function
    few = few and matrix.substitute is None  # the core multiplies stored rows
    result = _by_core(matrix, x, workers) if few else _by_tiles(matrix, x, workers)
    if few and matrix.zeroed:
        _multiply_edited_rows(matrix, x, result, workers)
    with np.errstate(all="ignore"):  # as in workers
        if matrix.scale != 1.0:
            result *= np.float32(matrix.scale)
        if matrix.bias is not None:
            result += matrix.bias.astype(np.float32)
    if workers.watch is not None:
        workers.watch(matrix, x, result)
    return result


def _by_core(matrix: Matrix, x: Array, workers: Workers) -> Array:
    """X Wᵀ, the core on a part after the other."""
    step = max(1, workers.limits.part_work // ((len(x) + 8) * matrix.n_columns))
    if matrix.n_rows <= step:
        return multiply_few(matrix.blocks(), x, workers.threads)
    result = np.empty((len(x), matrix.n_rows), np.float32)
    for first in range(0, matrix.n_rows, step):
        part = matrix.part(first, min(step, matrix.n_rows - first))
        result[:, first : first + part.n_rows] = multiply_few(part.blocks(), x, workers.threads)
    return result


def _multiply_edited_rows(matrix: Matrix, x: Array, result: Array, workers: Workers) -> None:
    """The part of X Wᵀ that the core made of stored weights where others count, once more."""
    with np.errstate(all="ignore"):  # as in workers
        for row in {row - matrix.first for row, _ in matrix.zeroed}:
            result[:, row] = x @ _decoded(matrix, row, 1, workers)[0]


def _by_tiles(matrix: Matrix, x: Array, workers: Workers) -> Array:
    """X Wᵀ, BLAS on decoded tiles by all workers."""
    result = np.empty((len(x), matrix.n_rows), np.float32)
    step = tile_rows(matrix, workers.threads, workers.limits.tile_bytes)

    def work(first: int) -> None:
        count = min(step, matrix.n_rows - first)
        np.matmul(x, _decoded(matrix, first, count, workers).T, out=result[:, first : first + count])

    workers.each(work, range(0, matrix.n_rows, step))
    return result


def _decoded(matrix: Matrix, first: int, count: int, workers: Workers) -> Array:
    """A few rows in the calling thread's buffer."""
    tile = workers.buffer(count, matrix.n_columns)
    matrix.decode_into(tile, first)
    return tile


def decoded(matrix: Matrix, workers: Workers) -> Array:
    """All of a small matrix, scaled, in the calling thread's buffer: float32 (rows, columns)."""
    weights = _decoded(matrix, 0, matrix.n_rows, workers)
    if matrix.scale != 1.0:
        weights *= np.float32(matrix.scale)
    return weights


def tile_rows(matrix: Matrix, threads: int, tile_bytes: int) -> int:
    """Rows of a tile: as many as fit, one at least, in multiples of 16 where possible; some for every thread."""
    fitting = max(1, tile_bytes // (4 * matrix.n_columns))
    share = -(-matrix.n_rows // threads)
    rows = min(fitting, share)
    return rows if rows < 16 else rows // 16 * 16


def first_not_finite(matrix: Matrix, workers: Workers) -> tuple[int, int] | None:
    """Row and column of a weight that is NaN or infinite; None if there is none."""
    step = tile_rows(matrix, workers.threads, workers.limits.tile_bytes)
    for first in range(0, matrix.n_rows, step):
        bad = np.argwhere(~np.isfinite(_decoded(matrix, first, min(step, matrix.n_rows - first), workers)))
        if len(bad):
            return matrix.first + first + int(bad[0, 0]), int(bad[0, 1])
    return None
