"""Sketches of the magnitudes of the weights of a role, on a logarithmic axis and small enough to draw.

The histogram has 32 bins per octave; the sketch merges them into four, at the bin edges nearest to quarters of an
octave:

    bins of an octave   0 … 5        6 … 12        13 … 21        22 … 31
    edges               1            1.1875        1.40625        1.6875        2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays.histogram import Histogram

_STARTS = np.array([0, 6, 13, 22])  # of the quarters, among the 32 bins of an octave
_BIAS = 127  # of a float32's exponent
_DIGITS = 10


@dataclass(frozen=True)
class MagnitudeSketch:
    """Shares of the finite weights by magnitude; cells that are empty are left out.

    Attributes:
        role: of the tensors; None for the whole model.
        zero_share: share of weights that are 0, or closer to it than any normal number (below 2⁻¹³¹).
        low: where each cell begins, ascending.
        high: where it ends; exclusive.
        share: of the weights in it. With `zero_share` they add up to 1.
        share_per_octave: `share` over the octaves from `low` to `high`: comparable between cells.
    """

    role: str | None
    zero_share: float
    low: list[float]
    high: list[float]
    share: list[float]
    share_per_octave: list[float]

    @classmethod
    def of(cls, role: str | None, histogram: Histogram | None) -> MagnitudeSketch | None:
        """The sketch of a histogram; None where there is none, or nothing in it."""
        if histogram is None or len(histogram[0]) == 0:
            return None
        cells, counts = _merged(*histogram)
        total = float(counts.sum())
        low, high = _edges(cells), _edges(cells + 1)
        share = counts / total
        there = cells > 0
        density = share[there] / np.log2(high[there] / low[there])
        return cls(
            role=role,
            zero_share=float(share[~there].sum()),
            low=low[there].tolist(),
            high=high[there].tolist(),
            share=_rounded(share[there]),
            share_per_octave=_rounded(density),
        )

    def to_json(self) -> dict[str, Any]:
        """As it stands in a saved profile."""
        return dict(vars(self))


def _rounded(values: npt.NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def _merged(
    bins: npt.NDArray[np.int32], counts: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Cell numbers, ascending, and the weights in each.

    Cell 0 holds zeros; cell 3 the denormals, whose bins are not logarithmic; cell 4e + q quarter q of exponent e ≥ 1.
    """
    index = np.where(bins < 0, -1 - bins, bins).astype(np.int64)
    exponent, place = index >> 5, index & 31
    cell = 4 * exponent + np.searchsorted(_STARTS, place, side="right") - 1
    cell[exponent == 0] = 3
    cell[index == 0] = 0
    cells, inverse = np.unique(cell, return_inverse=True)
    sums = np.zeros(len(cells), np.uint64)
    np.add.at(sums, inverse, counts)
    return cells, sums


def _edges(cells: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Where the cells begin."""
    exponent, quarter = cells >> 2, cells & 3
    edges: npt.NDArray[np.float64] = np.ldexp(1 + _STARTS[quarter] / 32, exponent - _BIAS)
    edges[cells == 3] = 2.0**-131
    return edges
