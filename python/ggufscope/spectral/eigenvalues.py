"""Eigenvalues of a Gram matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .banded import WIDTH, band_of
from .tridiagonal import chase, tridiagonal_eigenvalues

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..arrays.floats import Floats

_SMALL = 2048  # sides up to which LAPACK is as fast
_SWEEPS = 256  # columns between two looks


def eigenvalues_of(matrix: Floats, look: Callable[[], object], *, single: bool = False) -> Floats:
    """The eigenvalues of a symmetric matrix that has none below 0, descending; what rounding leaves below 0 is 0.

    Args:
        matrix: finite; it is used up.
        look: called now and then; may raise to give up.
        single: reduce it to a band in float32, which is twice as fast and right to about 2⁻²⁰ of the largest.
    """
    n = len(matrix)
    if n <= _SMALL:
        ascending = np.linalg.eigvalsh(matrix)
    else:
        band = band_of(matrix.astype(np.float32) if single else matrix, look)
        for first in range(0, n - 2, _SWEEPS):
            look()
            chase(band, WIDTH, first, first + _SWEEPS)
        ascending = tridiagonal_eigenvalues(band[:, 2 * WIDTH].copy(), band[1:, 2 * WIDTH - 1].copy())
    values: Floats = np.maximum(ascending[::-1], 0.0)
    return values
