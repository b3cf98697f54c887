"""Trends over depth, with intervals instead of p-values: layers are not independent samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..orders import tau

if TYPE_CHECKING:
    from ...arrays.floats import Floats

RESAMPLES = 4000
CONFIDENCE = (0.025, 0.975)
SMALLEST_GROUP = 2

Interval = tuple[float, float]


def third_size(n_layers: int) -> int:
    """Layers in the early and in the late group: max(1, round(L / 3))."""
    return max(1, round(n_layers / 3))


def early_and_late(values: Floats) -> tuple[Floats, Floats]:
    """The first and the last third of the layers."""
    size = third_size(len(values))
    return values[:size], values[-size:]


def group_interval(
    first: Floats, second: Floats, statistic: Callable[[Floats, Floats], Floats], seed: int = 0
) -> Interval | None:
    """95 % interval of a statistic of two group means, by resampling the layers within each group.

    Args:
        first: values of one group, (n,).
        second: values of the other, (m,).
        statistic: function of arrays of means, (resamples,) each.
        seed: of the resampling.

    Returns:
        The 2.5 % and 97.5 % quantiles; None where a group has fewer than two layers, or the statistic of a resample
        is not defined.
    """
    if min(len(first), len(second)) < SMALLEST_GROUP:
        return None
    rng = np.random.default_rng(seed)
    means = [group[rng.integers(0, len(group), (RESAMPLES, len(group)))].mean(axis=1) for group in (first, second)]
    resampled = statistic(*means)
    if not np.isfinite(resampled).all():
        return None
    low, high = np.quantile(resampled, CONFIDENCE)
    return float(low), float(high)


def difference(first: Floats, second: Floats) -> Floats:
    """Second group minus first."""
    return second - first


def relative_change(first: Floats, second: Floats) -> Floats:
    """Second group over first, − 1; NaN where the first is 0."""
    quotient: Floats = np.divide(second, first, out=np.full(np.shape(second), np.nan), where=first != 0)
    return quotient - 1


def rises(values: Floats, seed: int = 0) -> tuple[bool, float | None, Interval | None]:
    """Whether a series trends upward: τ over depth > 0, and the interval of late − early above 0.

    Returns:
        The answer, τ, and the interval of late − early in the unit of the series.
    """
    over_depth = tau(np.arange(len(values), dtype=np.float64), values)
    interval = group_interval(*early_and_late(values), difference, seed)
    upward = over_depth is not None and over_depth > 0 and interval is not None and interval[0] > 0
    return upward, over_depth, interval
