"""Products of a layer that were computed once: with one matrix substituted, the rest of a branch is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....architecture.matrices import Matrix
    from ...shape import Array


class KeptProducts:
    """The first product of every matrix, and what it was computed of; later ones of the same are copies."""

    def __init__(self) -> None:
        self._products: dict[tuple[str, int, int], tuple[Array, Array]] = {}

    def take(self, matrix: Matrix, x: Array, multiply: Callable[[], Array]) -> Array:
        """The product of a matrix and x, (tokens, columns); computed unless it is kept."""
        place = matrix.tensor.name, matrix.first, matrix.n_rows
        if place not in self._products:
            result = multiply()
            self._products[place] = x.copy(), result.copy()
            return result
        read, result = self._products[place]
        return result.copy() if np.array_equal(read, x) else multiply()
