"""Squares of what a matrix makes of the columns of one head alone: of the part that the head adds.

Σ_t ‖M x_t‖² = Σ_ij (MᵀM)_ij (Σ_t x_t x_tᵀ)_ij      M with the columns of a head: both are small, and exact over all t
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...runtime.engines.streamed.tiles import tile_rows

if TYPE_CHECKING:
    from ...architecture.matrices import Matrix
    from ...arrays.floats import Floats
    from ...runtime.engines.streamed.tiles import Workers
    from ...runtime.shape import Array
    from .partners import Partners


def head_squares(partners: Partners, x: Array, workers: Workers) -> tuple[Floats, Floats]:
    """Sums of squares by head, float64, over tokens (tokens, columns): of (Ŵ − W)x and of Wx."""
    n_heads, matrix = partners.column_heads, partners.reference
    by_head = np.ascontiguousarray(x.reshape(len(x), n_heads, -1).transpose(1, 0, 2))
    moments = np.matmul(by_head.swapaxes(1, 2), by_head)
    step = tile_rows(matrix, workers.threads, workers.limits.tile_bytes // 2)
    firsts = range(0, matrix.n_rows, step)
    sums = np.zeros((len(firsts), 2, n_heads))

    def work(number: int) -> None:
        count = min(step, matrix.n_rows - firsts[number])
        tiles = workers.buffer(2 * count, matrix.n_columns)
        weights, difference = tiles[:count], tiles[count:]
        _decode(matrix, firsts[number], weights)
        _decode(partners.model, firsts[number], difference)
        difference -= weights
        sums[number, 1] = _squares(weights, moments)
        if difference.any():
            sums[number, 0] = _squares(difference, moments)

    workers.each(work, range(len(firsts)))
    errors, reference = sums.sum(axis=0)
    return errors, reference


def _decode(matrix: Matrix, first: int, rows: Array) -> None:
    """Fill `rows` with those of scale · W."""
    matrix.decode_into(rows, first)
    if matrix.scale != 1.0:
        rows *= np.float32(matrix.scale)


def _squares(weights: Array, moments: Array) -> Floats:
    """Of rows of a matrix, (rows, columns), by head; moments are (heads, length, length)."""
    n_heads, length, _ = moments.shape
    sums = np.empty(n_heads)
    for head in range(n_heads):
        own = weights[:, head * length : (head + 1) * length]
        sums[head] = np.einsum("ij,ij->", own.T @ own, moments[head], dtype=np.float64)
    return sums
