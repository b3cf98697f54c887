"""KL divergence of next-token distributions, from their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .shape import Array


_LARGEST_CHANGE = 600.0  # of a score; e to it is a float64 yet


def divergences(exact: Array, other: Array) -> Floats:
    """Σ p ln(p / q) of each row's softmax, in nats: p of the first, q of the other scores, (tokens, vocabulary).

    It is taken as ln E[e^δ] − E[δ] with δ = other − exact and expectations under p, in float64: small divergences are
    no difference of large numbers. Where e^δ is too large, it is the difference of ln Σ eᵇ − ln Σ eᵃ and E[δ].
    """
    return np.array([_divergence(*rows) for rows in zip(exact, other, strict=True)])


def _divergence(exact: Array, other: Array) -> float:
    scores = exact.astype(np.float64)
    shares = np.exp(scores - scores.max())
    whole = shares.sum()
    shares /= whole
    change = other - scores
    mean = shares @ change
    change -= mean
    if change.max() > _LARGEST_CHANGE:
        highest = float(other.max())
        others = highest + np.log(np.exp(other.astype(np.float64) - highest).sum())
        return float(others - scores.max() - np.log(whole) - mean)
    return max(float(np.log1p(shares @ np.expm1(change))), 0.0)  # rounding could make it negative; NaN stays NaN


def mean_divergence(exact: Array, other: Array, first: int) -> float:
    """The mean over tokens from number `first` on; infinite where scores are not finite."""
    with np.errstate(all="ignore"):
        mean = float(np.mean(divergences(exact[first:], other[first:])))
    return mean if np.isfinite(mean) else float("inf")
