"""The search for the λ_min of the best power law: exact, without the distances of most candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays.compiled import compiled

if TYPE_CHECKING:
    from ..arrays.floats import Floats

_PROBES = 16  # points at which the distance of every candidate is looked at first


@compiled
def least_distance(logs: Floats) -> tuple[int, float, float]:
    """The start of the tail that a power law fits best.

    A few points of a tail bound its distance from below; candidates are taken from the least bound up, and each is left
    as soon as it is farther off than the best.

    Args:
        logs: ln λ, ascending.

    Returns:
        Position of λ_min, −1 where no two numbers differ; α − 1; the Kolmogorov–Smirnov distance.
    """
    n = len(logs)
    slopes = np.zeros(n)
    bounds = np.full(n, np.inf)
    above = 0.0
    for first in range(n - 1, -1, -1):
        above += logs[first]
        size = n - first
        spread = above - size * logs[first]
        if size < 2 or not spread > 1e-12 * size or (first > 0 and logs[first] == logs[first - 1]):
            continue
        slopes[first] = size / spread
        bounds[first] = _distance(logs, first, slopes[first], max(1, size // _PROBES), np.inf)
    best, distance = -1, np.inf
    for first in np.argsort(bounds, kind="mergesort"):
        if not bounds[first] < distance:
            break
        whole = _distance(logs, first, slopes[first], 1, distance)
        if whole < distance:
            best, distance = first, whole
    return best, slopes[best] if best >= 0 else 0.0, distance


@compiled
def _distance(logs: Floats, first: int, slope: float, step: int, limit: float) -> float:
    """Largest distance between both distributions at every `step`-th point, or the first that reaches the limit."""
    size = len(logs) - first
    largest = 0.0
    for start in range(64 if step == 1 else 1):
        stride = 64 if step == 1 else step
        for index in range(start, size, stride):
            law = -np.expm1(-slope * (logs[first + index] - logs[first]))
            largest = max(largest, abs(law - index / size))
        if largest >= limit:
            return largest
    return largest
