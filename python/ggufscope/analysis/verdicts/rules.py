"""The rules of the hypotheses: a series over the layers in, an outcome with its evidence out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..index.trends import Interval, difference, early_and_late, group_interval, relative_change, rises
from ..orders import tau

if TYPE_CHECKING:
    from ...arrays.floats import Floats

ASHMAN_LIMIT = 4.0
GAP_LIMIT = 0.01
FEWEST_LAYERS_FOR_CLUSTERS = 16


class RuleNotApplicableError(Exception):
    """A rule has nothing to say about this model; the reason."""


@dataclass(frozen=True)
class Outcome:
    """The answer of a rule for a series.

    Attributes:
        holds: whether the premise does.
        value: the number the rule looks at; None where it is not defined.
        tau: Kendall's τ over depth.
        interval: 95 % interval by resampling layers within the groups that are compared.
        interval_of: the statistic of the interval, in words.
        details: other numbers, by name.
    """

    holds: bool
    value: float | None
    tau: float | None = None
    interval: Interval | None = None
    interval_of: str = ""
    details: dict[str, float | None] = field(default_factory=dict)


Rule = Callable[["Floats"], Outcome]


def _require_layers(values: Floats, least: int) -> None:
    if len(values) < least:
        raise RuleNotApplicableError(f"{len(values)} layers; at least {least} are needed")


def _ratio(numerator: float, denominator: float) -> float:
    if denominator == 0:
        raise RuleNotApplicableError("the layers it is compared with are 0")
    return numerator / denominator


FEWEST_LAYERS = 5  # two in the early and in the late third


def falls(threshold: float) -> Rule:
    """Mean of the late third more than `threshold` (relative) below that of the early third."""

    def rule(values: Floats) -> Outcome:
        _require_layers(values, FEWEST_LAYERS)
        early, late = early_and_late(values)
        change = _ratio(float(late.mean()), float(early.mean())) - 1
        interval = group_interval(early, late, relative_change)
        depth = np.arange(len(values), dtype=np.float64)
        return Outcome(change < -threshold, change, tau(depth, values), interval, "change from early to late")

    return rule


def last_over_first(threshold: float) -> Rule:
    """The last layer more than `threshold` (relative) over the first, and the trend upward."""
    return _grown(threshold, lambda values: float(values[0]))


def last_over_mean(threshold: float) -> Rule:
    """The last layer more than `threshold` (relative) over the mean of the layers, and the trend upward."""
    return _grown(threshold, lambda values: float(values.mean()))


def _grown(threshold: float, base: Callable[[Floats], float]) -> Rule:
    def rule(values: Floats) -> Outcome:
        _require_layers(values, FEWEST_LAYERS)
        growth = _ratio(float(values[-1]), base(values)) - 1
        upward, over_depth, interval = rises(values)
        return Outcome(growth > threshold and upward, growth, over_depth, interval, "late − early")

    return rule


def last_over_first_alone(threshold: float) -> Rule:
    """The study's rule: the last layer against the first, whatever lies between."""
    return _without_trend(threshold, lambda values: float(values[0]))


def last_over_mean_alone(threshold: float) -> Rule:
    """The study's rule: the last layer against the mean, whatever the trend."""
    return _without_trend(threshold, lambda values: float(values.mean()))


def _without_trend(threshold: float, base: Callable[[Floats], float]) -> Rule:
    def rule(values: Floats) -> Outcome:
        growth = _ratio(float(values[-1]), base(values)) - 1
        return Outcome(growth > threshold, growth)

    return rule


def falls_alone(threshold: float) -> Rule:
    """The study's rule: means of the late and the early third."""

    def rule(values: Floats) -> Outcome:
        early, late = early_and_late(values)
        change = _ratio(float(late.mean()), float(early.mean())) - 1
        return Outcome(change < -threshold, change)

    return rule


def median_split_gap(values: Floats) -> Outcome:
    """The study's rule: mean of the higher half minus mean of the lower half above 0.01."""
    _require_layers(values, 2)
    ordered = np.sort(values)
    half = len(ordered) // 2
    gap = float(ordered[-half:].mean() - ordered[:half].mean())
    return Outcome(gap > GAP_LIMIT, gap)


def bimodal(values: Floats) -> Outcome:
    """Two clusters of layers, apart by Ashman's D > 4 (Ashman et al. 1994) and by more than 0.01.

    D = √2 |μ₁ − μ₂| / √(σ₁² + σ₂²). The split is the best one, of least variance within, into clusters of at least
    max(2, ⌈L/8⌉) layers.
    """
    _require_layers(values, FEWEST_LAYERS_FOR_CLUSTERS)
    low, high = best_split(values)
    gap = float(high.mean() - low.mean())
    spread = math.sqrt(float(low.var() + high.var()))
    separation = math.sqrt(2) * gap / spread if spread > 0 else None  # without spread: apart, if there is a gap
    holds = gap > GAP_LIMIT and (separation is None or separation > ASHMAN_LIMIT)
    return Outcome(
        holds,
        gap,
        tau(np.arange(len(values), dtype=np.float64), values),
        group_interval(low, high, difference),
        "gap of the means of the clusters",
        {"ashman_d": separation, "layers_low": len(low), "layers_high": len(high)},
    )


def best_split(values: Floats) -> tuple[Floats, Floats]:
    """The lower and the upper cluster, (n,) and (m,), ascending."""
    ordered = np.sort(values)
    least = max(2, math.ceil(len(values) / 8))
    cuts = range(least, len(values) - least + 1)
    best = min(cuts, key=lambda cut: ordered[:cut].var() * cut + ordered[cut:].var() * (len(ordered) - cut))
    return ordered[:best], ordered[best:]
