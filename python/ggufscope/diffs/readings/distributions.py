"""Distributions of the next token side by side, a part of the vocabulary after the other: all of it is never held.

KL = Σ p_a (a − b) − ln Σ eᵃ + ln Σ eᵇ,   a and b the scores of the two models
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ...runtime.shape import Array

    Ints = npt.NDArray[np.int64]


class Distributions:
    """Sums over the vocabulary, float64, of every position.

    Args:
        following: int64 (positions,), the token that follows each in the text; −1: none does.
    """

    def __init__(self, following: Ints) -> None:
        n_positions = len(following)
        self._following = following
        self._highest = np.full((2, n_positions), -np.inf)  # scores so far, of the reference and of the model
        self._sums = np.zeros((2, n_positions))  # of e^(score − highest)
        self._products = np.zeros(n_positions)  # of e^(a − highest a) (a − b)
        self._scores = np.full((2, n_positions), np.nan)  # of the token that follows
        self.top = np.zeros((2, n_positions), np.int64)  # likeliest tokens, the lowest among equals

    def add(self, ours: Array, theirs: Array, first: int, positions: slice) -> None:
        """Add scores of tokens first, first + 1, …, (some positions, tokens), of the reference and of the model."""
        a, b = ours.astype(np.float64), theirs.astype(np.float64)
        for side, scores in enumerate((a, b)):
            self._note(side, scores, first, positions)
        before = self._highest[:, positions].copy()
        highest = np.maximum(before, [a.max(axis=1), b.max(axis=1)])
        shrunk = np.exp(before - highest)
        shares = np.exp(a - highest[0, :, None])
        self._products[positions] = self._products[positions] * shrunk[0] + np.einsum("tv,tv->t", shares, a - b)
        self._sums[0, positions] = self._sums[0, positions] * shrunk[0] + shares.sum(axis=1)
        b -= highest[1, :, None]
        self._sums[1, positions] = self._sums[1, positions] * shrunk[1] + np.exp(b, out=b).sum(axis=1)
        self._highest[:, positions] = highest

    def _note(self, side: int, scores: Floats, first: int, positions: slice) -> None:
        """Note the likeliest token so far, and the score of the one that follows."""
        best = scores.argmax(axis=1)
        rows = np.arange(len(scores))
        better = scores[rows, best] > self._highest[side, positions]
        self.top[side, positions] = np.where(better, first + best, self.top[side, positions])
        following = self._following[positions] - first
        here = (following >= 0) & (following < scores.shape[1]) & (self._following[positions] >= 0)
        self._scores[side, positions][here] = scores[rows[here], following[here]]

    @property
    def divergence(self) -> Floats:
        """Σ p_a ln(p_a / p_b) of every position, in nats; what rounding leaves below 0 is 0."""
        logarithms = self._highest + np.log(self._sums)
        values = self._products / self._sums[0] - (logarithms[0] - logarithms[1])
        positive: Floats = np.maximum(values, 0.0)
        return positive

    @property
    def surprise(self) -> Floats:
        """−ln p of the token that follows, (2, positions); NaN where none does."""
        surprise: Floats = self._highest + np.log(self._sums) - self._scores
        return surprise

    @property
    def top_share(self) -> Floats:
        """Probability of the likeliest token, (2, positions)."""
        return 1 / self._sums
