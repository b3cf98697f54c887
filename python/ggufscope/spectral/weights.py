"""The weights of a matrix, decoded a few rows at a time, times the factor beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._core import decode
from ..arrays.arguments import describe_type

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ..models.tensor import Tensor
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
        tensor, begin = self._matrix.tensor, self._matrix.first_row
        out = np.empty((last - first, self.columns), np.float32)
        if tensor.factor is not None and tensor.factor.grid is not None:
            tensor.dequantize(slice(begin + first, begin + last), out=out, threads=1)
        elif out.size:
            blocks, swapped = stored_rows(tensor, begin + first, last - first)
            decode(blocks, describe_type(tensor.type)["id"], out, 1, swapped)
        return out


def stored_rows(tensor: Tensor, first: int, count: int) -> tuple[npt.NDArray[np.uint8], bool]:
    """The bytes of some rows, and whether they are of the other byte order.

    They are read, not mapped: pages of a mapped file would stay in the memory of this process.
    """
    row_bytes = tensor.n_bytes // tensor.n_rows
    blocks = np.frombuffer(tensor.read(first * row_bytes, count * row_bytes), np.uint8)
    return blocks, tensor.block_rows(slice(first, first)).swapped


def _factor_of(matrix: Matrix) -> float:
    """The factor of the whole matrix; 1 without one, or where factors are of its rows or blocks."""
    factor = matrix.tensor.factor
    if factor is None or factor.grid is not None:
        return 1.0
    values = factor.values()
    own = matrix.expert is not None and len(values) > 1
    return float(values[matrix.expert if own else 0])
