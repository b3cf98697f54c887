"""The factor beside a matrix, as a tensor of numbers holds it; `factors` finds which."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from .kinds import Kind


class HoldsFactors(Protocol):
    """A tensor, as far as factors are read from it."""

    name: str
    index: int
    kind: Kind

    def dequantize(self, *, threads: int | None = None) -> npt.NDArray[np.float32]: ...


class Grid(NamedTuple):
    """How many rows and columns of a matrix one factor is of; the last of each may be of fewer.

    >>> Grid(128, 128).shape_over((300, 256))
    (3, 2)
    """

    rows: int
    columns: int

    def shape_over(self, shape: Sequence[int]) -> tuple[int, int]:
        """The factors that a matrix, or each in a stack of them, has down and across."""
        return -(-shape[-2] // self.rows), -(-shape[-1] // self.columns)


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


def times_grid(weights: npt.NDArray[np.float32], factors: npt.NDArray[np.float32], columns: int) -> None:
    """Multiply rows in place by the factors of each run of so many columns; each product is rounded once."""
    with np.errstate(invalid="ignore", over="ignore"):  # of weights that are not finite, as the core takes them
        for part, first in enumerate(range(0, weights.shape[-1], columns)):
            weights[:, first : first + columns] *= factors[:, part, None]


def grid_over(shape: Sequence[int], factors: Sequence[int]) -> Grid | None:
    """The grid of factors over a matrix, or over each in a stack of them; None where the shapes do not fit.

    One for each row, or blocks of 128 rows or columns as FP8 checkpoints have them, or equal parts.

    >>> grid_over((300, 256), (3, 2))
    Grid(rows=128, columns=128)
    >>> grid_over((300, 256), (300, 1))
    Grid(rows=1, columns=256)
    >>> grid_over((300, 256), (7, 2))
    """
    by_rows = tuple(factors) == tuple(shape[:-1])
    parts = (*factors, 1) if by_rows else tuple(factors)
    if len(parts) != len(shape) or parts[:-2] != tuple(shape[:-2]) or 0 in parts:
        return None
    rows, columns = (_step(extent, count) for extent, count in zip(shape[-2:], parts[-2:], strict=True))
    return None if rows is None or columns is None else Grid(rows, columns)


_BLOCK = 128


def _step(extent: int, parts: int) -> int | None:
    """Elements of each part but the last."""
    if math.ceil(extent / _BLOCK) == parts and parts > 1:
        return _BLOCK
    return extent // parts if extent % parts == 0 else None
