"""KL divergence of next-token distributions, from their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...runtime.shape import Array


def divergences(exact: Array, other: Array) -> Iterator[float]:
    """Σ p ln(p / q) of each row's softmax, in nats: p of the first, q of the other scores, (tokens, vocabulary).

    It is taken as ln E[e^δ] − E[δ] with δ = other − exact and expectations under p, in float64: small divergences are
    no difference of large numbers.
    """
    for row, other_row in zip(exact, other, strict=True):
        scores = row.astype(np.float64)
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        change = other_row - scores
        change -= shares @ change
        yield max(0.0, float(np.log1p(shares @ np.expm1(change))))  # rounding could make it negative


def mean_divergence(exact: Array, other: Array, first: int) -> float:
    """The mean over tokens from number `first` on; infinite where scores are not finite."""
    with np.errstate(all="ignore"):
        mean = float(np.mean(list(divergences(exact[first:], other[first:]))))
    return mean if np.isfinite(mean) else float("inf")
