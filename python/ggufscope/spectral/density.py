"""Sums over a spectrum of which the top is known and the rest is spread as random probes see it.

Of each resolved Ritz value there is one; the others carry the weights that probes give them. Two sums over the rest are
known: how many there are, and their sum, ‖W‖² less the top. So a function f is fitted by a + b θ with these weights, as
the sum of that is known: nothing of f is left in the mean of the probes, and the spread of what is left of it over them
is the standard error (a regression estimate). How many lie above a cut is known no better than up to the weight of one
block of nodes there, by the inequalities of Chebyshev, Markov and Stieltjes, which adds to the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .block_lanczos import Ritz


_EVEN = 12**0.5  # width of an interval over the standard deviation of a number that may be anywhere in it


class Estimate(NamedTuple):
    """A number and its standard error."""

    value: float
    error: float


class Density:
    """A spectrum of `side` eigenvalues ≥ 0.

    Args:
        ritz: Ritz values, their residuals and weights.
        side: number of eigenvalues.
        trace: their sum.
        n_known: of the largest, that are taken as eigenvalues.
    """

    def __init__(self, ritz: Ritz, side: int, trace: float, n_known: int) -> None:
        self.side = side
        self.known = np.maximum(ritz.values[:n_known], 0.0)
        self._all_residuals = ritz.residuals
        self._residuals = ritz.residuals[:n_known]
        self._nodes = np.maximum(ritz.values[n_known:], 0.0)
        self.whole = len(ritz.values) == side  # then there is one of each
        self._weights = np.ones((1, side - n_known)) if self.whole else ritz.weights[:, n_known:]
        self._mass = side - n_known if len(self._nodes) else 0
        self._sum = max(0.0, trace - float(self.known.sum()))
        self._mean = self._weights.mean(axis=0)

    def entropy(self) -> Estimate:
        """−Σ λ ln λ."""
        rest = self._rest(_times_log(self._nodes))
        slopes = np.abs(np.log(np.where(self.known > 0, self.known, 1.0)) + 1)
        own = float((slopes * self._residuals).sum())
        value = -float(_times_log(self.known).sum()) - rest.value
        return Estimate(max(0.0, value), float(np.hypot(rest.error, own)))

    def square_sum(self) -> Estimate:
        """Σ λ²."""
        rest = self._rest(np.square(self._nodes))
        own = float(2 * (self.known * self._residuals).sum())
        return Estimate(float(np.square(self.known).sum()) + rest.value, float(np.hypot(rest.error, own)))

    def count_above(self, cut: float) -> Estimate:
        """How many eigenvalues exceed a value."""
        return self._above(cut, np.ones(len(self._nodes)), np.ones(len(self.known)))

    def sum_above(self, cut: float) -> Estimate:
        """The sum of the eigenvalues that exceed a value."""
        return self._above(cut, self._nodes, self.known)

    def top_sum(self, count: int) -> Estimate:
        """The sum of so many of the largest: Ritz values are no larger than they, weights tell how many are alike."""
        values = np.concatenate([self.known, self._nodes])[:count]
        least, bound = float(values.sum()), float(self._all_residuals[:count].sum())
        if count <= len(self.known) or self.whole:
            return Estimate(least, bound)
        left = count - len(self.known) - (np.cumsum(self._mean) - self._mean)
        spread = float(self.known.sum() + (self._nodes * np.clip(left, 0.0, self._mean)).sum())
        return Estimate(max(least, spread), float(np.hypot(bound, spread - least)))

    def median(self) -> Estimate:
        """The value that half of the eigenvalues exceed."""
        if self.whole:
            return Estimate(float(np.median(np.concatenate([self.known, self._nodes]))), 0.0)
        half = self.side / 2
        error = self.count_above(self._quantile(half)).error
        low, high = self._quantile(min(half + error, self.side)), self._quantile(max(half - error, 0.0))
        return Estimate(self._quantile(half), (high - low) / 2)

    def _quantile(self, above: float) -> float:
        """The least value that at most so many eigenvalues exceed."""
        if above < len(self.known) or not len(self._nodes):
            return float(self.known[min(int(above), len(self.known) - 1)])
        low, high = 0.0, float(self.known[-1] if len(self.known) else self._nodes[0])
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.count_above(middle).value > above else (low, middle)
        return high

    def _above(self, cut: float, of_nodes: Floats, of_known: Floats) -> Estimate:
        own = float(of_known[self.known > cut].sum())
        if self._mass == 0 or (len(self.known) and cut >= self.known[-1]):
            return Estimate(own, 0.0)
        if self.whole:
            return Estimate(own + float(of_nodes[self._nodes > cut].sum()), 0.0)
        share = self._shares_above(cut)
        rest = self._rest(share * of_nodes)
        width = len(self._weights)
        first = max(0, min(int(np.count_nonzero(self._nodes > cut)) - width // 2, len(self._nodes) - width))
        uncertain = float((self._mean * of_nodes)[first : first + width].sum()) / _EVEN
        return Estimate(own + max(0.0, rest.value), float(np.hypot(rest.error, uncertain)))

    def _shares_above(self, cut: float) -> Floats:
        """The share of each node's cell, which ends halfway to the next ones, that lies above a value."""
        top = self.known[-1] if len(self.known) else self._nodes[0]
        ends = np.concatenate([[top], (self._nodes[1:] + self._nodes[:-1]) / 2, [0.0]])
        widths = ends[:-1] - ends[1:]
        shares: Floats = np.clip((ends[:-1] - cut) / np.where(widths > 0, widths, 1.0), 0.0, 1.0)
        return np.where(widths > 0, shares, self._nodes > cut)

    def _rest(self, values: Floats) -> Estimate:
        """The sum over what is not known of a function that has these values at the nodes."""
        if self._mass == 0:
            return Estimate(0.0, 0.0)
        scale = float(self._nodes[0]) or 1.0
        lines = np.stack([np.ones(len(self._nodes)), self._nodes / scale], axis=1)
        roots = np.sqrt(self._mean)
        slopes = np.linalg.lstsq(lines * roots[:, None], values * roots, rcond=None)[0]
        left = self._weights @ (values - lines @ slopes)
        fitted = float(slopes @ [self._mass, self._sum / scale])  # what is left of the function has a mean of 0
        error = float(left.std(ddof=1)) / len(left) ** 0.5 if len(left) > 1 else 0.0
        return Estimate(fitted, error)


def _times_log(values: Floats) -> Floats:
    made: Floats = values * np.log(np.where(values > 0, values, 1.0))
    return made
