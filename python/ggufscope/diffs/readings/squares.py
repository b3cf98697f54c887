"""Sums of squares of products, and whether two matrices are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...architecture.matrices import Matrix
    from ...arrays.floats import Floats
    from ...runtime.engines.streamed.tiles import Workers
    from ...runtime.shape import Array

_STRIPE = 512  # outputs that are squared at a time
_PIECE = 1 << 24  # bytes that are compared at a time


def add_squares(y: Array, bias: Array, is_first: npt.NDArray[np.bool_], workers: Workers) -> tuple[Floats, Floats]:
    """Σ(y − bias)² by output, float64, of tokens t ≥ 1 and of first ones.

    Args:
        y: float32 (tokens, outputs).
        bias: float32 (outputs,).
        is_first: bool (tokens,).
        workers: that add.
    """
    sums = np.zeros((2, y.shape[1]))
    n_outputs = y.shape[1]

    def work(first: int) -> None:
        _add_squares(y, bias, first, min(first + _STRIPE, n_outputs), is_first, sums)

    workers.each(work, range(0, n_outputs, _STRIPE))
    return sums[0], sums[1]


def same_weights(reference: Matrix, model: Matrix) -> bool:
    """Whether two matrices are stored as the same bytes, with the same factor."""
    if reference.tensor.type != model.tensor.type or reference.scale != model.scale:
        return False
    ours, theirs = reference.blocks(), model.blocks()
    if ours.swapped != theirs.swapped:
        return False
    a, b = ours.blocks.reshape(-1), theirs.blocks.reshape(-1)
    return all(np.array_equal(a[at : at + _PIECE], b[at : at + _PIECE]) for at in range(0, len(a), _PIECE))


@compiled
def _add_squares(  # noqa: PLR0917  compiled functions take no keywords
    y: Array, bias: Array, first: int, end: int, is_first: npt.NDArray[np.bool_], sums: Floats
) -> None:
    """Add the squares of y − bias of outputs first … end − 1 to the sums of their tokens' kind."""
    for token in range(y.shape[0]):
        kind = 1 if is_first[token] else 0
        for output in range(first, end):
            value = np.float64(y[token, output]) - np.float64(bias[output])
            sums[kind, output] += value * value
