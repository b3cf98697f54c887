"""Scales beside eight-bit matrices: they go where the rows of their matrix go.

weight            F8_E4M3  4096 × 4096       rows in another order, or cut, as the converter does it
weight_scale      F32      one, 4096 or 4096 × 1        the same rows
weight_scale_inv  F32      32 × 32           the same blocks of 128 rows, or for each row the scales of its block
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._core import GGUFError
from ...arrays.factor_grids import grid_over
from .changes import transposed
from .parts import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ...arrays.factor_grids import Grid
    from .config import Config
    from .stored import StoredTensor

SUFFIXES = ("weight_scale", "weight_scale_inv")
_WEIGHT = "weight"
_SCALED = ("F8_E4M3", "F8_E5M2")


def scaled_by(scale: StoredTensor, stored: Mapping[str, StoredTensor]) -> StoredTensor | None:
    """The eight-bit matrix that a tensor holds the scales of; None where it holds none."""
    for suffix in SUFFIXES:
        if scale.name.endswith(f".{suffix}"):
            matrix = stored.get(scale.name.removesuffix(suffix) + _WEIGHT)
            return matrix if matrix is not None and matrix.dtype in _SCALED else None
    return None


def moved_alike(scale: StoredTensor, made: list[tuple[str, Part]], config: Config) -> list[tuple[str, Part]]:
    """The scales of a matrix that becomes parts, cut likewise, by name.

    Raises:
        GGUFError: They are not of the matrix, or of other blocks than shapes tell.
    """
    suffix = scale.name.rpartition(".")[2]
    block = _declared_block(config)
    return [(name.removesuffix(_WEIGHT) + suffix, _moved(scale, part, block)) for name, part in made]


def _declared_block(config: Config) -> tuple[int, int] | None:
    """Rows and columns of a block, where the config says how eight-bit matrices were made."""
    quantized = config.value("quantization_config")
    block = quantized.get("weight_block_size") if isinstance(quantized, dict) else None
    if block is None:
        return None
    if not isinstance(block, list) or len(block) != 2 or any(type(side) is not int or side < 1 for side in block):
        raise config.refusal(("quantization_config.weight_block_size",), "must be two whole numbers from 1 on")
    return block[0], block[1]


def _moved(scale: StoredTensor, part: Part, block: tuple[int, int] | None) -> Part:
    whole = Part.whole(scale)
    matrix = part.tensor
    if scale.n_elements in {1, int(np.prod(matrix.shape[:-2]))}:
        return whole
    grid = grid_over(matrix.shape, scale.shape)
    if grid is None:
        why = (
            f"{list(scale.shape)} scales of {list(matrix.shape)} weights, as neither one, nor one for each row or block"
        )
        raise GGUFError(f"tensor '{scale.name}': {why}")
    if block is not None and grid.rows > 1 and grid != tuple(map(min, block, matrix.shape[-2:])):
        told = f"blocks of {grid.rows} x {grid.columns} by their number, of {block[0]} x {block[1]} by the config"
        raise GGUFError(f"tensor '{scale.name}': scales of {told}")
    if part.runs is None and not part.paired_heads and not part.transposed:
        return whole
    n_rows = part.shape[-1] if part.transposed else part.shape[-2]
    lines = _lines(part, grid).reshape(-1, n_rows)
    blocks = lines[:, :: grid.rows]
    kept = np.array_equal(np.repeat(blocks, grid.rows, axis=1)[:, :n_rows], lines)
    taken = blocks if kept else lines  # a scale for each row, where rows of several blocks come side by side
    across = scale.shape[-1] if len(scale.shape) == len(matrix.shape) else 1
    shape = (*part.shape[:-2], taken.shape[1], across)
    moved = whole.with_rows(shape, _runs(taken.reshape(-1)))
    return transposed(scale.name, moved) if part.transposed else moved


def _lines(part: Part, grid: Grid) -> npt.NDArray[np.intp]:
    """The line of scales that each row of a part has."""
    height = part.tensor.shape[-2]
    down, _ = grid.shape_over(part.tensor.shape)
    rows = part.row_numbers()
    return rows // height * down + rows % height // grid.rows


def _runs(rows: npt.NDArray[np.intp]) -> tuple[tuple[int, int], ...]:
    """(First, number) of rows that follow each other."""
    cuts = np.flatnonzero(np.diff(rows) != 1) + 1
    return tuple((int(run[0]), len(run)) for run in np.split(rows, cuts))
