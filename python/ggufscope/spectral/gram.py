"""The Gram matrix of the short side of W, summed in float64 over tiles of rows that are decoded one after another.

    tall W (m ≥ n)   Wᵀ W = Σ over tiles T of rows: Tᵀ T
    wide W (m < n)   W Wᵀ, block by block: T_i T_jᵀ of two tiles of rows, in pieces of columns

Products inside a tile are of float32 where that resolves enough, else of float64: what follows
from a product of float32 is right to about 2⁻¹⁹ of the largest eigenvalue (it was off by 11 · 2⁻²³ in the worst of many
planted spectra), so that singular values below 1/724 of the largest are noise. Matrices that are
nearly square have smaller ones; so may little ones, which cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays.floats import Floats
    from .weights import Weights

ROWS_AT_ONCE = 1024  # weights that are summed in float32 before they go into the float64 sum
_LITTLE = 2048  # short sides up to which all is of float64
_RESOLUTION = 16  # roundings of float32 that eigenvalues are off by, at most: by products, and by the band
_LEAST, _MOST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
_LONG = 2.0  # times as long as short: from there on the smallest singular values are not small


@dataclass(frozen=True, eq=False)
class Gram:
    """A Gram matrix.

    Attributes:
        matrix: float64, (n, n) of the short side n; exactly symmetric.
        resolution: what eigenvalues are uncertain by, as a share of the largest.
        single: whether products were of float32.
    """

    matrix: Floats
    resolution: float
    single: bool


def float32_resolves(short_side: int, long_side: int) -> bool:
    """Whether products of float32 tell the smallest singular values of such a matrix from 0, as a rule."""
    return short_side > _LITTLE and long_side >= _LONG * short_side


def gram_of(weights: Weights) -> Gram:
    """The Gram matrix of the short side, without the factor of the matrix; not finite where a weight is not."""
    short, long = sorted((weights.rows, weights.columns))
    if float32_resolves(short, long):
        made = _summed(weights, np.float32)
        with np.errstate(over="ignore"):
            trace = float(np.trace(made))
        if _LEAST * short * long < trace < _MOST / (short * long):  # else float32 cannot hold all that follows
            return Gram(made, _RESOLUTION * float(np.finfo(np.float32).eps), single=True)
    return Gram(_summed(weights, np.float64), 2 * short * float(np.finfo(np.float64).eps), single=False)


def _summed(weights: Weights, dtype: type[np.floating]) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        return _of_columns(weights, dtype) if weights.rows >= weights.columns else _of_rows(weights, dtype)


def _of_columns(weights: Weights, dtype: type[np.floating]) -> Floats:
    """Wᵀ W."""
    n = weights.columns
    total, product = np.zeros((n, n)), np.empty((n, n), dtype)
    for first in range(0, weights.rows, ROWS_AT_ONCE):
        tile = weights.tile(first, min(first + ROWS_AT_ONCE, weights.rows)).astype(dtype, copy=False)
        np.matmul(tile.T, tile, out=product)
        total += product
    return total


def _of_rows(weights: Weights, dtype: type[np.floating]) -> Floats:
    """W Wᵀ."""
    m = weights.rows
    total = np.zeros((m, m))
    starts = range(0, m, ROWS_AT_ONCE)
    for first in starts:
        left = weights.tile(first, min(first + ROWS_AT_ONCE, m)).astype(dtype, copy=False)
        last = first + len(left)
        total[first:last, first:last] = _product(left, left)
        for other in range(last, m, ROWS_AT_ONCE):
            right = weights.tile(other, min(other + ROWS_AT_ONCE, m)).astype(dtype, copy=False)
            block = _product(left, right)
            total[first:last, other : other + len(right)] = block
            total[other : other + len(right), first:last] = block.T
    return total


def _product(left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]) -> Floats:
    """`left rightᵀ`, summed in float64 over pieces of columns."""
    total = np.zeros((len(left), len(right)))
    for first in range(0, left.shape[1], ROWS_AT_ONCE):
        piece = slice(first, first + ROWS_AT_ONCE)
        total += left[:, piece] @ right[:, piece].T
    return total
