"""The Marchenko–Pastur law that the bulk of a spectrum is held against.

The eigenvalues of W Wᵀ of an n × N matrix (n ≤ N) of independent weights of variance v lie, for large sizes, between
v (√N − √n)² and v (√N + √n)². The variance v of a matrix that is not random throughout is taken from its median
eigenvalue: v = median(λ) / (N μ), where μ is the median of the law of unit variance (Gavish and Donoho 2014). Large
outliers, which would raise the mean square of the weights, leave the median where it is as long as they are few.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..arrays.floats import Floats

_POINTS = 1 << 14  # of the quadrature: the median is right to 1e-8


@cache
def median_of_law(ratio: float) -> float:
    """The median of the Marchenko–Pastur law of unit variance, of eigenvalues divided by the long side.

    Args:
        ratio: short side / long side, in (0, 1].

    >>> round(median_of_law(1.0), 4)
    0.6528
    """
    center, radius = 1 + ratio, 2 * np.sqrt(ratio)
    angles = (np.arange(_POINTS) + 0.5) * (np.pi / _POINTS)
    values = center - radius * np.cos(angles)
    mass = np.cumsum(np.square(np.sin(angles)) / values)
    edges = center - radius * np.cos(np.arange(1, _POINTS + 1) * (np.pi / _POINTS))
    return float(np.interp(0.5 * mass[-1], mass, edges))


def bulk_measures(eigenvalues: Floats, long_side: int, resolution: float) -> dict[str, Any]:
    """The fields of `MatrixSpectrum` that compare a spectrum with the law.

    Args:
        eigenvalues: of the Gram matrix of the short side, descending, ≥ 0, not all 0.
        long_side: of the matrix.
        resolution: what eigenvalues are uncertain by, as a share of the largest. Where the median is not told from 0,
            more than half of the directions are missing, and the bulk is 0.
    """
    n, floor = len(eigenvalues), resolution * float(eigenvalues[0])
    median = float(np.median(eigenvalues))
    variance = median / (long_side * median_of_law(n / long_side)) if median > floor else 0.0
    edge = variance * (np.sqrt(long_side) + np.sqrt(n)) ** 2
    beyond = eigenvalues > max(edge, floor)
    count = int(np.count_nonzero(beyond))
    return {
        "mp_variance": variance,
        "mp_edge": float(np.sqrt(edge)),
        "n_beyond_edge": count,
        "share_beyond_edge": count / n,
        "energy_beyond_edge": min(1.0, float(eigenvalues[beyond].sum() / eigenvalues.sum())),
    }
