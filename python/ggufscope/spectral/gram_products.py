"""Products with the Gram matrix of the short side of W, which is never made: tiles of rows are decoded one by one.

tall W (m ≥ n)   Wᵀ W X = Σ over tiles T of rows: Tᵀ (T X)         one pass
wide W (m < n)   W Wᵀ X: first Z = Σ Tᵀ X_T, then tile by tile T Z  two passes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .gram import float32_resolves

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ..arrays.floats import Floats
    from .weights import Weights

_TILE_WEIGHTS = 1 << 22
_HELD_SINGLE = (1e-24, 1e24)  # ‖W‖² whose products float32 holds


def tile_room(columns: int) -> int:
    """Bytes that a tile takes, in float32 and in float64."""
    return 12 * _rows_of_tile(columns) * columns


class GramProducts:
    """The Gram matrix of the short side, without the factor of the matrix, as something that multiplies.

    Args:
        weights: of the matrix.

    Attributes:
        side: short side, weights.
        trace: ‖W‖², in float64; not finite where a weight is not.
        single: whether tiles are multiplied in float32.
        resolution: what eigenvalues are uncertain by, as a share of the largest.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.side = weights.short_side
        long_side = max(weights.rows, weights.columns)
        self.trace = self._sum_of_squares()
        low, high = _HELD_SINGLE
        self.single = float32_resolves(self.side, long_side) and low < self.trace < high
        epsilon = float(np.finfo(np.float32 if self.single else np.float64).eps)
        self.resolution = (4 if self.single else 2 * self.side) * epsilon

    def __call__(self, block: Floats) -> Floats:
        """The product with a few columns: float64 (side, columns)."""
        dtype: type[np.floating] = np.float32 if self.single else np.float64
        right: npt.NDArray[np.floating] = np.ascontiguousarray(block, dtype)
        if self._weights.rows >= self._weights.columns:
            total: Floats = np.zeros(block.shape)
            for _, tile in self._tiles(dtype):
                total += tile.T @ (tile @ right)
            return total
        across: Floats = np.zeros((self._weights.columns, block.shape[1]))
        for rows, tile in self._tiles(dtype):
            across += tile.T @ right[rows]
        factor: npt.NDArray[np.floating] = across.astype(dtype, copy=False)
        image: Floats = np.empty(block.shape)
        for rows, tile in self._tiles(dtype):
            image[rows] = tile @ factor
        return image

    def _tiles(self, dtype: type[np.floating]) -> Iterator[tuple[slice, npt.NDArray[np.floating]]]:
        step = _rows_of_tile(self._weights.columns)
        for first in range(0, self._weights.rows, step):
            last = min(first + step, self._weights.rows)
            yield slice(first, last), self._weights.tile(first, last).astype(dtype, copy=False)

    def _sum_of_squares(self) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            return float(sum(np.square(tile, out=tile).sum() for _, tile in self._tiles(np.float64)))


def _rows_of_tile(columns: int) -> int:
    return max(1, _TILE_WEIGHTS // columns)
