"""The factor beside a matrix, as a tensor of numbers holds it; `factors` finds which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..loading import lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from ..arrays.factor_grids import Grid
    from .kinds import Kind
else:
    np = lazy("numpy")


class HoldsFactors(Protocol):
    """A tensor, as far as factors are read from it."""

    name: str
    index: int
    kind: Kind

    def dequantize(self, *, threads: int | None = None) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True)
class Factor:
    """The factor of one matrix, those of a stack of experts, or a grid over the rows and columns of either.

    Attributes:
        tensor: that holds it.
        expert: its position there, where experts have a matrix each and share the tensor; else None.
        grid: how many rows and columns of the matrix each factor is of, where that is not all of them.
    """

    tensor: HoldsFactors
    expert: int | None = None
    grid: Grid | None = None

    def values(self) -> npt.NDArray[np.float32]:
        """The factors: one for the whole matrix, or one for each expert in it; of a grid row after row.

        Raises:
            GGUFError: The file shrank since it was opened.
            ValueError: The model is closed.
        """
        values = self.tensor.dequantize(threads=1).reshape(-1)
        return values if self.expert is None else values[self.expert : self.expert + 1]

    def of_rows(self, shape: Sequence[int], first: int, count: int) -> npt.NDArray[np.float32]:
        """The factors of rows of a tensor of that shape, where there is a grid: float32 (rows, factors across).

        Rows are counted over all leading dimensions; each factor is of `grid.columns` columns.
        """
        if self.grid is None:
            raise ValueError(f"{self.tensor.name} has no factors by rows and columns")
        down, across = self.grid.shape_over(shape)
        rows = np.arange(first, first + count)
        lines = rows // shape[-2] * down + rows % shape[-2] // self.grid.rows
        values: npt.NDArray[np.float32] = self.values().reshape(-1, across)[lines]
        return values
