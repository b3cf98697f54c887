"""Moments through linear maps, channels taken as independent. Nothing is decoded beyond the tiles of the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....arrays.multiply import multiply
from .moments import Moments

if TYPE_CHECKING:
    from ....architecture.matrices import Matrix
    from ....arrays.floats import Floats


def mapped(matrix: Matrix, inputs: Moments, threads: int) -> Moments:
    """Moments of the map's output, of every population: W μ and (W ∘ W) σ²."""
    return mapped_with_squares(matrix, inputs, np.empty((0, inputs.mean.shape[-1])), threads)[0]


def mapped_with_squares(matrix: Matrix, inputs: Moments, vectors: Floats, threads: int) -> tuple[Moments, Floats]:
    """The moments, and (W ∘ W) y for more vectors y, (k, columns), from the same pass: (k, rows)."""
    variances = np.atleast_2d(inputs.variance)
    linear, squares = multiply(matrix.blocks(), inputs.mean, np.concatenate([variances, vectors]), None, threads).both()
    mean = linear * matrix.scale
    squares = squares * matrix.scale**2
    variance = squares[: len(variances)].reshape(mean.shape)
    return Moments(mean if matrix.bias is None else mean + matrix.bias, variance), squares[len(variances) :]


def covariance(first: Matrix, second: Matrix, variance: Floats, threads: int) -> Floats:
    """Covariance of each row's output with that of the same row of another matrix: (W ∘ V) σ², (…, rows)."""
    products = multiply(first.blocks(), None, variance, second.blocks(), threads).squares
    assert products is not None  # noqa: S101
    return products * (first.scale * second.scale)
