"""Ranks and shares of a spectrum, from all its eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .matrix_record import ENERGY_RANKS

if TYPE_CHECKING:
    from ..arrays.floats import Floats

_SHOWN_FIRST = 8  # largest singular values that are all recorded
_SHOWN = 48  # of a spectrum that are recorded, at most
_EPS_FLOAT32 = float(np.finfo(np.float32).eps)


def measures(eigenvalues: Floats, long_side: int, resolution: float) -> dict[str, Any]:
    """The fields of `MatrixSpectrum` that follow from the eigenvalues alone.

    Args:
        eigenvalues: of the Gram matrix, descending, ≥ 0, of a matrix that is not zero.
        long_side: of the matrix.
        resolution: what eigenvalues are uncertain by, as a share of the largest.
    """
    sigma = np.sqrt(eigenvalues)
    largest = float(sigma[0])
    floor = largest * float(np.sqrt(resolution))
    tolerance = max(largest * long_side * _EPS_FLOAT32, floor)
    ranks = shown_ranks(len(sigma))
    return {
        "sigma_max": largest,
        "sigma_min": float(sigma[-1]),
        "sigma_floor": floor,
        **energy_measures(eigenvalues),
        "numerical_rank": int(np.count_nonzero(sigma > tolerance)),
        "rank_tolerance": tolerance,
        "ranks": ranks,
        "singular_values": [float(sigma[rank - 1]) for rank in ranks],
    }


def energy_measures(eigenvalues: Floats) -> dict[str, float | None]:
    """The measures of how energy is spread over the singular values."""
    total = float(eigenvalues.sum())
    shares = eigenvalues / total
    entropy = entropy_of(shares)
    n = len(eigenvalues)
    return {
        "frobenius_norm": float(np.sqrt(total)),
        "stable_rank": total / float(eigenvalues[0]),
        "effective_rank": float(np.exp(entropy)),
        "normalized_entropy": entropy / float(np.log(n)) if n > 1 else None,
        "participation_ratio": 1 / float(np.square(shares).sum()),
        **{f"energy_top_{rank}": min(1.0, float(shares[:rank].sum())) for rank in ENERGY_RANKS},
    }


def entropy_of(shares: Floats) -> float:
    """−Σ p ln p, in nats."""
    positive = shares[shares > 0]
    return max(0.0, float(-(positive * np.log(positive)).sum()))


def shown_ranks(n: int) -> list[int]:
    """The first ranks, then ever wider apart, to the last.

    >>> shown_ranks(3), shown_ranks(576)[:10], shown_ranks(576)[-2:]
    ([1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [519, 576])
    """
    rest = np.geomspace(min(_SHOWN_FIRST, n), n, _SHOWN - _SHOWN_FIRST + 1).round().astype(int)
    return sorted({*range(1, min(_SHOWN_FIRST, n) + 1), *rest.tolist()})
