"""The structural risk index: 100 · Σ weight · u(component).

A component that is undefined on any layer leaves the whole model's index, and the other weights are normalized again:
the index of one layer must mean the same as that of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .terms import Term, equal_ingredients, equal_terms, flat_score, ingredients_used, noise_of, term_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ...arrays.floats import Floats
    from ..presets.registry import Component, Scale, Series


@dataclass(frozen=True, eq=False)
class RiskIndex:
    """The index of every layer and what it is made of.

    Attributes:
        raw: component → (L,), before scaling; a composite is the mean of its scaled ingredients.
        scaled: component → u, (L,) within [0, 1].
        weights: component that counts → its weight, with those of the components that equal it; they add up to 1.
        values: the index, (L,) from 0 to 100; NaN throughout if no component is available.
        flat: components and ingredients whose u is 0.5: they decide nothing.
        noise: those of `flat` whose differences are noise → which, in words behind "within"; the others have a relative
            range under 5 %.
        equal: component or ingredient → another one that is equal on every layer and counts for both.
        dropped: component → why it is not in the sum.
        effective_weights: score → its weight through every component it enters, of what decides; they add up to 1.
        scores: all scores in the index, flat ones included.
    """

    raw: dict[str, Floats]
    scaled: dict[str, Floats]
    weights: dict[str, float]
    values: Floats
    flat: tuple[str, ...]
    noise: dict[str, str]
    equal: dict[str, str]
    dropped: dict[str, str]
    effective_weights: dict[str, float]
    scores: tuple[str, ...]

    @property
    def is_flat(self) -> bool:
        """Whether all layers have the same index, or none has one."""
        return not np.isfinite(self.values).all() or bool(np.ptp(self.values) == 0)

    @property
    def deciding(self) -> list[str]:
        """The components that differ from layer to layer, each once."""
        return [name for name in self.weights if name not in self.flat]

    @property
    def matrix(self) -> Floats:
        """The scaled components, (components, L), in the order of `weights`."""
        return np.array([self.scaled[name] for name in self.weights]).reshape(len(self.weights), len(self.values))

    def contributions(self, layer: int) -> dict[str, float]:
        """Component → the points it adds to the index of the layer at this position."""
        return {name: 100 * weight * float(self.scaled[name][layer]) for name, weight in self.weights.items()}


def is_gauge_invariant(index: RiskIndex, series: Mapping[str, Series]) -> bool:
    """Whether every score in an index stays as it is when the weights are rescaled without a change of the function."""
    return bool(index.weights) and all(series[name].gauge_invariant for name in index.scores)


def risk_index(
    series: Mapping[str, Series],
    components: Sequence[Component],
    weights: Mapping[str, float],
    scale: Scale,
    without: Collection[str] = (),
) -> RiskIndex:
    """The index from the scores of a preset.

    Args:
        series: the scores, by name.
        components: the terms of the sum.
        weights: component → weight ≥ 0; they need not add up to 1.
        scale: `"minmax"` or `"rank"`.
        without: scores and components to leave out, wherever they enter.
    """
    reasons = {component.name: _unavailable(component, series, weights, without) for component in components}
    in_sum = [component for component in components if reasons[component.name] is None]
    used = {component: ingredients_used(component, without) for component in in_sum}
    terms = {component.name: term_of(component, parts, series, scale) for component, parts in used.items()}
    scores = tuple(dict.fromkeys(part.score for parts in used.values() for part in parts))
    equal = equal_terms(terms)
    shares = _merged(_normalized({name: weights[name] for name in terms}), equal)
    flat = {name for name, term in terms.items() if term.flat} | {name for name in scores if flat_score(series[name])}
    units = {name: term.unit for name, term in terms.items()}
    return RiskIndex(
        raw={name: term.raw for name, term in terms.items()},
        scaled=units,
        weights=shares,
        values=_weighted_sum(units, shares, len(next(iter(series.values())).values)),
        flat=tuple(sorted(flat)),
        noise={name: noise for name in sorted(scores) if (noise := noise_of(series[name])) is not None},
        equal=equal_ingredients(used, series, scale) | equal,
        dropped={name: reason for name, reason in reasons.items() if reason is not None},
        effective_weights=_effective(terms, shares),
        scores=scores,
    )


def participation_ratio(units: Floats) -> float | None:
    """The effective number of independent components: (Σλ)² / Σλ² of their correlation matrix.

    Args:
        units: (components, L). Those that do not vary are left out.

    Returns:
        From 1, all the same, to the number of components, all independent; None if none varies.
    """
    varying = units[np.ptp(units, axis=1) > 0] if units.size else units
    if len(varying) == 0:
        return None
    correlation = np.corrcoef(varying).reshape(len(varying), len(varying))
    return len(varying) ** 2 / float(np.square(correlation).sum())


def _unavailable(
    component: Component, series: Mapping[str, Series], weights: Mapping[str, float], without: Collection[str]
) -> str | None:
    """The reason that a component is not in the sum; None if it is."""
    if weights.get(component.name, 0) == 0:
        return "its weight is 0"
    used = ingredients_used(component, without)
    if component.name in without or not used:
        return "confounded with the quantization types"
    missing = [ingredient.score for ingredient in used if not series[ingredient.score].complete]
    return (
        f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not defined on every layer" if missing else None
    )


def _normalized(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _weighted_sum(units: Mapping[str, Floats], shares: Mapping[str, float], n_layers: int) -> Floats:
    if not shares:
        return np.full(n_layers, np.nan)
    values = np.zeros(n_layers)
    for name, share in shares.items():
        values += share * units[name]
    return 100 * values


def _merged(shares: Mapping[str, float], equal: Mapping[str, str]) -> dict[str, float]:
    """The weights with those of equal components added to the one that counts."""
    merged = {name: share for name, share in shares.items() if name not in equal}
    for name, twin in equal.items():
        merged[twin] += shares[name]
    return merged


def _effective(terms: Mapping[str, Term], shares: Mapping[str, float]) -> dict[str, float]:
    """Score → its weight through every component that varies with it: an equal part of each."""
    deciding = {name: share for name, share in shares.items() if terms[name].deciding}
    total = sum(deciding.values())
    weights: dict[str, float] = {}
    for name, share in deciding.items():
        parts = terms[name].deciding
        for score in parts:
            weights[score] = weights.get(score, 0.0) + share / total / len(parts)
    return weights
