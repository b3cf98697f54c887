"""Orders of layers: ranks, and how far two orders agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..arrays.floats import Floats


def ranks(values: Floats) -> Floats:
    """Rank of each value, 1 for the highest; those that tie share their mean rank; (L,).

    >>> ranks(np.array([3.0, 9.0, 3.0]))
    array([2.5, 1. , 2.5])
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean: Floats = len(values) - counts.cumsum() + (counts + 1) / 2
    return mean[places]


def tau(first: Floats, second: Floats) -> float | None:
    """Kendall's τ-b of two series, from −1 to 1; None where either is constant or has fewer than two values.

    Concordant minus discordant pairs, over the geometric mean of the pairs that do not tie in either. (As
    `scipy.stats.kendalltau`, whose import would take longer than the rest of an analysis of a saved profile.)
    """
    signs, other_signs = (np.sign(values[:, None] - values[None, :]) for values in (first, second))
    untied = float(np.abs(signs).sum() * np.abs(other_signs).sum())
    return float((signs * other_signs).sum()) / untied**0.5 if untied > 0 else None
