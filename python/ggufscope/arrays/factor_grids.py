"""Grids of factors over matrices: one for each row, or for each block of rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..loading import lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
else:
    np = lazy("numpy")


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


def times_grid(weights: npt.NDArray[np.float32], factors: npt.NDArray[np.float32], columns: int) -> None:
    """Multiply rows in place by the factors of each run of so many columns; each product is rounded once."""
    with np.errstate(invalid="ignore", over="ignore"):  # of weights that are not finite, as the core takes them
        for part, first in enumerate(range(0, weights.shape[-1], columns)):
            weights[:, first : first + columns] *= factors[:, part, None]


def grid_over(shape: Sequence[int], factors: Sequence[int]) -> Grid | None:
    """The grid of factors over a matrix, or over each in a stack of them; None where the shapes do not fit.

    One for each row, or blocks whose sides are powers of two, as 128 in FP8 checkpoints, or equal parts.

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


def _step(extent: int, parts: int) -> int | None:
    """Elements of each of so many parts but the last. At most one power of two gives so many, if there are several."""
    if parts == 1:
        return extent
    power = 1 << max(0, -(-extent // parts) - 1).bit_length()  # the first that is not below
    if -(-extent // power) == parts:
        return power
    return extent // parts if extent % parts == 0 else None
