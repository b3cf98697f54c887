"""The weights of a matrix, decoded a few rows at a time, times the factor beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from .places import Matrix


class Weights:
    """Rows of one matrix, decoded as they are asked for.

    Args:
        matrix: the place of the rows.
        stored: leave out the factor of the matrix or of the expert; those of single rows and blocks are always in.
        look: called before each tile; may raise to give up.
    """

    def __init__(self, matrix: Matrix, *, stored: bool, look: Callable[[], object]) -> None:
        self.rows = matrix.rows
        self.columns = matrix.columns
        self._matrix = matrix
        self.look = look
        self.factor = 1.0 if stored else _factor_of(matrix)

    @property
    def short_side(self) -> int:
        """The number of singular values."""
        return min(self.rows, self.columns)

    def tile(self, first: int, last: int) -> npt.NDArray[np.float32]:
        """Rows from `first` to before `last`, without the factor: float32, (rows, columns).

        Raises:
            GGUFError: The file shrank since it was opened.
            ValueError: The model is closed.
        """
        self.look()
        begin = self._matrix.first_row
        out = np.empty((last - first, self.columns), np.float32)
        self._matrix.tensor.dequantize(slice(begin + first, begin + last), out=out, threads=1)
        return out


def _factor_of(matrix: Matrix) -> float:
    """The factor of the whole matrix; 1 without one, or where factors are of its rows or blocks."""
    factor = matrix.tensor.factor
    if factor is None or factor.grid is not None:
        return 1.0
    values = factor.values()
    own = matrix.expert is not None and len(values) > 1
    return float(values[matrix.expert if own else 0])
