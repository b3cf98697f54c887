"""Eigenvalues of a Gram matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..arrays.floats import Floats


def eigenvalues_of(matrix: Floats) -> Floats:
    """The eigenvalues of a symmetric matrix that has none below 0, descending; what rounding leaves below 0 is 0."""
    values: Floats = np.maximum(np.linalg.eigvalsh(matrix)[::-1], 0.0)
    return values
