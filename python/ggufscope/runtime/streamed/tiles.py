"""Products of matrices with the activations of many tokens, tile by tile.

    x (tokens × columns) · Wᵀ:   rows of W ──decode──▶ tile, float32, in cache ──GEMM──▶ a stripe of the product

Threads take tiles from one counter. BLAS has to keep to one thread meanwhile (`threadpool_limits`).
"""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from ...architecture.matrices import Matrix
    from ..capture import Array

Item = TypeVar("Item")

# Of a decoded tile. With many tokens GEMM is all that counts, and likes long tiles; with few, they must stay in cache.
# (Zen 5, Q4_K, 14336 columns, GFLOP/s of one thread: 465 tokens 80, 98, 111 with 2, 4, 8 MiB; 20 tokens 73, 78, 69.)
TILE_BYTES = 1 << 22
LONG_TILE_BYTES = 1 << 23

# So many tokens are the left matrix of the product; of fewer, the tile is. BLAS copies what it multiplies into blocks
# of its own, and takes twice as long for a left matrix of few rows. (Xeon with AVX-512, two threads, 33 M weights of
# Q4_K, 14336 columns, ms with the tokens and with the tile on the left: 20 tokens 27, 19; 128: 71, 60; 465: 156, 167.)
MANY_TOKENS = 256


class Workers:
    """A few threads that outlive single products. Interrupted, they end with the tile or item at hand."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads)
        self._own = threading.local()

    def each(self, work: Callable[[Item], object], items: Sequence[Item]) -> None:
        """work(item) for every item, in no particular order; an exception in one is raised here.

        NumPy does not warn meanwhile: what is not finite is looked for afterwards.
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
        self._pool.shutdown(cancel_futures=True)

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
        float32 (tokens, rows).
    """
    if len(x) >= MANY_TOKENS:
        result = np.empty((len(x), matrix.n_rows), np.float32)
        _each_tile(matrix, workers, LONG_TILE_BYTES, lambda tile, rows: np.matmul(x, tile.T, out=result[:, rows]))
    else:
        columns = np.ascontiguousarray(x.T)
        by_row = np.empty((matrix.n_rows, len(x)), np.float32)
        _each_tile(matrix, workers, TILE_BYTES, lambda tile, rows: np.matmul(tile, columns, out=by_row[rows]))
        result = np.ascontiguousarray(by_row.T)
    with np.errstate(all="ignore"):  # as in workers
        if matrix.scale != 1.0:
            result *= np.float32(matrix.scale)
        if matrix.bias is not None:
            result += matrix.bias.astype(np.float32)
    return result


def _each_tile(matrix: Matrix, workers: Workers, tile_bytes: int, multiply: Callable[[Array, slice], object]) -> None:
    """multiply(decoded rows, which of the matrix they are), by all workers."""
    step = tile_rows(matrix, workers.threads, tile_bytes)

    def work(first: int) -> None:
        count = min(step, matrix.n_rows - first)
        tile = workers.buffer(count, matrix.n_columns)
        start = matrix.first + first
        matrix.tensor.dequantize(rows=slice(start, start + count), out=tile, threads=1)
        multiply(tile, slice(first, first + count))

    workers.each(work, range(0, matrix.n_rows, step))


def tile_rows(matrix: Matrix, threads: int, tile_bytes: int) -> int:
    """Rows of a tile: what fits, one at least, in multiples of 16 where possible; something for every thread."""
    fitting = max(1, tile_bytes // (4 * matrix.n_columns))
    share = -(-matrix.n_rows // threads)
    rows = min(fitting, share)
    return rows if rows < 16 else rows // 16 * 16


def first_not_finite(matrix: Matrix, workers: Workers) -> tuple[int, int] | None:
    """Row and column of a weight that is NaN or infinite; None if there is none."""
    step = tile_rows(matrix, workers.threads, TILE_BYTES)
    for first in range(0, matrix.n_rows, step):
        count = min(step, matrix.n_rows - first)
        tile = workers.buffer(count, matrix.n_columns)
        start = matrix.first + first
        matrix.tensor.dequantize(rows=slice(start, start + count), out=tile, threads=1)
        bad = np.argwhere(~np.isfinite(tile))
        if len(bad):
            return start + int(bad[0, 0]), int(bad[0, 1])
    return None
