"""Non-negative ridge regression of few features, exactly."""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..arrays.floats import Floats


def nonnegative_ridge(features: Floats, targets: Floats, penalty: float) -> Floats:
    """The w ≥ 0 that makes ‖y − Xw‖² / n + penalty · ‖w‖² smallest, for each target y.

    The problem is strictly convex, so its solution is the ridge regression on some subset of the features. With k of
    them all 2^k − 1 subsets are tried, for all targets at once, which for four features takes fifteen systems of
    equations; thousands of shuffled targets cost no more.

    Args:
        features: X, (n, k), k small.
        targets: y, (n, m).
        penalty: above 0.

    Returns:
        (k, m).
    """
    n, k = features.shape
    gram = features.T @ features / n + penalty * np.eye(k)
    moments = features.T @ targets / n
    best = np.zeros((k, targets.shape[1]))
    gain = np.zeros(targets.shape[1])  # how much lower than without any feature
    subsets = chain.from_iterable(combinations(range(k), size) for size in range(1, k + 1))
    for subset in map(np.array, subsets):
        weights = np.linalg.solve(gram[np.ix_(subset, subset)], moments[subset])
        gains = (moments[subset] * weights).sum(axis=0)
        better = (weights >= 0).all(axis=0) & (gains > gain)
        best[:, better] = 0.0
        best[np.ix_(subset, np.flatnonzero(better))] = weights[:, better]
        gain[better] = gains[better]
    return best
