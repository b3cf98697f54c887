"""The share of a spectrum that is noise of rounding to the levels of a quantized type.

A weight between two levels that are a step apart is off by up to half a step; over many weights, such errors have the
variance step² / 12 and hardly any correlation. A matrix of such noise has no singular value above
√(largest sum of variances in a row) + √(largest in a column) or so (Chevet's inequality); with equal steps everywhere
that is rms · (√n + √m), the edge of Marchenko and Pastur. What does not exceed it is no rank of the matrix.

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
from .weights import stored_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from .._core import TypeDescription
    from ..arrays.floats import Floats
    from .places import Matrix

_TILE_WEIGHTS = 1 << 19


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


class Noise(NamedTuple):
    """Noise of rounding in a matrix, without the factor beside it.

    Attributes:
        rms: root mean square of a weight of it.
        sigma: largest singular value that it is expected to have at most.
    """

    rms: float
    sigma: float


def noise_of(matrix: Matrix, look: Callable[[], object]) -> Noise | None:
    """The noise of rounding in a matrix.

    Args:
        matrix: its place.
        look: called now and then; may raise to give up.

    Returns:
        None for a type without steps: floats, codebooks of several weights, signs; and for steps that are not finite.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    codes = CODES.get(matrix.tensor.type)
    if codes is None:
        return None
    rows, columns = np.zeros(matrix.rows), np.zeros(matrix.columns)
    step = max(1, _TILE_WEIGHTS // matrix.columns)
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, matrix.rows, step):
            look()
            blocks = _Blocks.of(matrix, first, min(step, matrix.rows - first))
            variances = _of_steps(blocks, codes) if codes.steps else _of_cells(blocks, codes)
            tile = variances.reshape(-1, matrix.columns)
            rows[first : first + len(tile)] = tile.sum(axis=1)
            columns += tile.sum(axis=0)
        total = float(columns.sum())
    if not np.isfinite(total):
        return None
    sigma = float(np.sqrt(rows.max()) + np.sqrt(columns.max()))
    return Noise(float(np.sqrt(total / matrix.n_weights)), sigma)


def share_of(noise: Noise, factor: float, eigenvalues: Floats, matrix: Matrix) -> QuantizerShare:
    """The share of noise in a spectrum.

    Args:
        noise: of rounding.
        factor: of the matrix.
        eigenvalues: of the Gram matrix, with the factor, not all 0.
        matrix: whose they are.
    """
    rms, sigma = abs(factor) * noise.rms, abs(factor) * noise.sigma
    above = eigenvalues > sigma**2
    n_above, total = int(np.count_nonzero(above)), float(eigenvalues.sum())
    return QuantizerShare(
        noise_rms=rms,
        noise_sigma=sigma,
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
    def of(cls, matrix: Matrix, first: int, count: int) -> _Blocks:
        """Those of rows that follow each other."""
        description = describe_type(matrix.tensor.type)
        blocks, swapped = stored_rows(matrix.tensor, matrix.first_row + first, count)
        return cls(blocks.reshape(-1, description["bytes_per_block"]), description, swapped)

    def decoded(self, codes: Codes | None = None, byte: int = 0) -> npt.NDArray[np.float32]:
        """Their weights, (blocks, weights); those that they had if all codes were of one byte."""
        stored = self.stored.copy()
        if codes is not None:
            stored[:, codes.begin : codes.end] = byte
        weights = np.empty((len(stored), self.type["elements_per_block"]), np.float32)
        decode(stored.reshape(-1), self.type["id"], weights, 1, self.swapped)
        return weights


def _of_steps(blocks: _Blocks, codes: Codes) -> Floats:
    """Variance of each weight that lies evenly between half a step below its level and half a step above."""
    spans = blocks.decoded(codes, codes.top).astype(np.float64)
    spans -= blocks.decoded(codes, 0)
    return np.multiply(spans, spans, out=spans) * (1 / (12 * codes.steps**2))


def _of_cells(blocks: _Blocks, codes: Codes) -> Floats:
    """Variance of each weight that lies evenly in the cell of its level: from halfway to the next on either side."""
    weights = blocks.decoded()
    levels = np.sort([blocks.decoded(codes, 0x11 * code).astype(np.float64) for code in range(16)], axis=0)
    distinct = np.concatenate([[True], (np.diff(levels, axis=0) != 0).any(axis=(1, 2))])  # +0 and −0 are one
    levels = levels[distinct]
    gaps = np.diff(levels, axis=0)
    below, above = np.concatenate([gaps[:1], gaps]), np.concatenate([gaps, gaps[-1:]])
    width = below + above
    cells = (below**3 + above**3) / np.where(width > 0, 12 * width, 1)
    variances: Floats = np.where(levels == weights, cells, 0).sum(axis=0)
    return variances
