"""The share of a spectrum that is noise of rounding to the levels of a quantized type.

A weight between two levels that are a step apart is off by up to half a step; over many weights, such errors have the
variance step² / 12 and hardly any correlation. A matrix of such noise has singular values up to about
rms · (√m + √n): what does not exceed that is no rank of the matrix.

The steps are read off the blocks: the same block with all codes 0 and with all codes at their largest, decoded, differ
by the step times the number of steps. Of types with unequal levels (`IQ4_NL`, `MXFP4`), all 16 are decoded, and the
cell of each weight counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._core import decode
from ..arrays.arguments import describe_type
from .matrix_record import QuantizerShare

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._core import TypeDescription
    from ..arrays.floats import Floats
    from .places import Matrix

_MOST_WEIGHTS = 1 << 20  # of a matrix whose steps are read, rows at equal distances


class Codes(NamedTuple):
    """Where the codes of a block are.

    Attributes:
        begin: first byte of the block that holds codes.
        end: byte behind the last.
        top: byte of which all codes are so many steps above those of the byte 0.
        steps: how many; 0 for types whose 16 levels are not at equal distances.
    """

    begin: int
    end: int
    top: int
    steps: int


CODES = {
    "Q4_0": Codes(2, 18, 0xFF, 15),
    "Q4_1": Codes(4, 20, 0xFF, 15),
    "Q5_0": Codes(2, 22, 0xFF, 31),
    "Q5_1": Codes(4, 24, 0xFF, 31),
    "Q8_0": Codes(2, 34, 1, 1),
    "Q8_1": Codes(4, 36, 1, 1),
    "Q2_K": Codes(16, 80, 0xFF, 3),
    "Q3_K": Codes(0, 96, 0xFF, 7),
    "Q4_K": Codes(16, 144, 0xFF, 15),
    "Q5_K": Codes(16, 176, 0xFF, 31),
    "Q6_K": Codes(0, 192, 0xFF, 63),
    "Q8_K": Codes(4, 260, 1, 1),
    "IQ4_NL": Codes(2, 18, 0xFF, 0),
    "IQ4_XS": Codes(8, 136, 0xFF, 0),
    "MXFP4": Codes(1, 17, 0xFF, 0),
    "NVFP4": Codes(4, 36, 0xFF, 0),
}


def noise_rms(matrix: Matrix) -> float | None:
    """Root mean square of the rounding error of a weight, without the factor beside the matrix.

    Returns:
        None for a type without steps: floats, codebooks of several weights, signs.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    codes = CODES.get(matrix.tensor.type)
    if codes is None:
        return None
    blocks = _Blocks.of(matrix)
    with np.errstate(over="ignore", invalid="ignore"):
        variance = _variance_of_steps(blocks, codes) if codes.steps else _variance_in_cells(blocks, codes)
    return float(np.sqrt(variance)) if np.isfinite(variance) else None


def share_of(rms: float, eigenvalues: Floats, matrix: Matrix) -> QuantizerShare:
    """The share of noise of that size in a spectrum.

    Args:
        rms: of the rounding error of a weight.
        eigenvalues: of the Gram matrix, not all 0.
        matrix: whose they are.
    """
    edge = rms * float(np.sqrt(matrix.rows) + np.sqrt(matrix.columns))
    above = eigenvalues > edge**2
    n_above, total = int(np.count_nonzero(above)), float(eigenvalues.sum())
    return QuantizerShare(
        noise_rms=rms,
        noise_sigma=edge,
        noise_energy=matrix.n_weights * rms**2 / total,
        n_above=n_above,
        share_below=1 - n_above / len(eigenvalues),
        energy_below=float(eigenvalues[~above].sum()) / total,
    )


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Blocks of some rows of a matrix: (blocks, bytes), a type, and whether they are of the other byte order."""

    stored: npt.NDArray[np.uint8]
    type: TypeDescription
    swapped: bool

    @classmethod
    def of(cls, matrix: Matrix) -> _Blocks:
        """Those of rows at equal distances."""
        description = describe_type(matrix.tensor.type)
        every = max(1, -(-matrix.n_weights // _MOST_WEIGHTS))
        rows = matrix.tensor.block_rows(slice(matrix.first_row, matrix.first_row + matrix.rows))
        chosen = np.ascontiguousarray(rows.blocks[min(every // 2, matrix.rows - 1) :: every])
        return cls(chosen.reshape(-1, description["bytes_per_block"]), description, rows.swapped)

    def decoded(self, codes: Codes | None = None, byte: int = 0) -> Floats:
        """Their weights, (blocks, weights); those that they had if all codes were of one byte."""
        stored = self.stored.copy()
        if codes is not None:
            stored[:, codes.begin : codes.end] = byte
        weights = np.empty((len(stored), self.type["elements_per_block"]), np.float32)
        decode(stored.reshape(-1), self.type["id"], weights, 1, self.swapped)
        return weights.astype(np.float64)


def _variance_of_steps(blocks: _Blocks, codes: Codes) -> float:
    steps = (blocks.decoded(codes, codes.top) - blocks.decoded(codes, 0)) / codes.steps
    return float(np.square(steps).mean()) / 12


def _variance_in_cells(blocks: _Blocks, codes: Codes) -> float:
    """Variance of a weight that lies evenly in the cell of its level: from halfway to the next on either side."""
    weights = blocks.decoded()
    levels = np.sort([blocks.decoded(codes, 0x11 * code) for code in range(16)], axis=0)
    distinct = np.concatenate([[True], (np.diff(levels, axis=0) != 0).any(axis=(1, 2))])  # +0 and −0 are one
    levels = levels[distinct]
    gaps = np.diff(levels, axis=0)
    below, above = np.concatenate([gaps[:1], gaps]), np.concatenate([gaps, gaps[-1:]])
    width = below + above
    cells = (below**3 + above**3) / np.where(width > 0, 12 * width, 1)
    return float(np.where(levels == weights, cells, 0).sum(axis=0).mean())
