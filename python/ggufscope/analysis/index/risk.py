"""The structural risk index: 100 · Σ weight · u(component).

A component that is undefined on any layer leaves the whole model's index, and the other weights are normalized again:
the index of one layer must mean the same as that of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .scaling import is_flat, scaled

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ...arrays.floats import Floats
    from ..presets.registry import Component, Ingredient, Scale, Series


@dataclass(frozen=True, eq=False)
class RiskIndex:
    """The index of every layer and what it is made of.

    Attributes:
        raw: component → (L,), before scaling; a composite is the mean of its scaled ingredients.
        scaled: component → u, (L,) within [0, 1].
        weights: component → its weight; they add up to 1.
        values: the index, (L,) from 0 to 100; NaN throughout if no component is available.
        flat: components and ingredients whose relative range is under 5 %: u is 0.5 and they decide nothing.
        dropped: component → why it is not in the sum.
        effective_weights: score → its weight through every component it enters.
    """

    raw: dict[str, Floats]
    scaled: dict[str, Floats]
    weights: dict[str, float]
    values: Floats
    flat: tuple[str, ...]
    dropped: dict[str, str]
    effective_weights: dict[str, float]

    @property
    def is_flat(self) -> bool:
        """Whether all layers have the same index, or none has one."""
        return not np.isfinite(self.values).all() or bool(np.ptp(self.values) == 0)

    @property
    def matrix(self) -> Floats:
        """The scaled components, (components, L), in the order of `weights`."""
        return np.array([self.scaled[name] for name in self.weights]).reshape(len(self.weights), len(self.values))

    def contributions(self, layer: int) -> dict[str, float]:
        """Component → the points it adds to the index of the layer at this position."""
        return {name: 100 * weight * float(self.scaled[name][layer]) for name, weight in self.weights.items()}


def is_gauge_invariant(index: RiskIndex, series: Mapping[str, Series]) -> bool:
    """Whether every score in an index stays as it is when the weights are rescaled without a change of the function."""
    return bool(index.weights) and all(series[name].gauge_invariant for name in index.effective_weights)


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
    used = {component.name: _used(component, without) for component in components if reasons[component.name] is None}
    offsets = {component.name: _offset(component, series) for component in components}
    raw = {
        component.name: _raw(component, used[component.name], series, scale)
        for component in components
        if component.name in used
    }
    units = {name: scaled(values, scale, offsets[name]) for name, values in raw.items()}
    shares = _normalized({name: weights[name] for name in raw})
    flat = {name for name, values in raw.items() if is_flat(values, offsets[name])}
    return RiskIndex(
        raw=raw,
        scaled=units,
        weights=shares,
        values=_weighted_sum(units, shares, len(next(iter(series.values())).values)),
        flat=tuple(sorted(flat | _flat_ingredients(used, series))),
        dropped={name: reason for name, reason in reasons.items() if reason is not None},
        effective_weights=_effective(used, shares),
    )


def _raw(component: Component, used: Sequence[Ingredient], series: Mapping[str, Series], scale: Scale) -> Floats:
    """The values of a component before scaling: of its one score, or the mean of the ingredients used."""
    return composite(used, series, scale) if component.composite else series[component.ingredients[0].score].values


def _flat_ingredients(used: Mapping[str, Sequence[Ingredient]], series: Mapping[str, Series]) -> set[str]:
    names = {part.score for parts in used.values() for part in parts}
    return {name for name in names if is_flat(series[name].values, series[name].offset)}


def composite(ingredients: Sequence[Ingredient], series: Mapping[str, Series], scale: Scale) -> Floats:
    """Mean of u(score) of the rising and 1 − u(score) of the falling ingredients, (L,).

    With `k_norm` falling, `value_sparsity` rising and `q_gate_ratio` falling this is the study's attention entropy.
    """
    parts = []
    for ingredient in ingredients:
        score = series[ingredient.score]
        unit = scaled(score.values, scale, score.offset)
        parts.append(unit if ingredient.rising else 1 - unit)
    mean: Floats = np.mean(parts, axis=0)
    return mean


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


def _used(component: Component, without: Collection[str]) -> list[Ingredient]:
    return [ingredient for ingredient in component.ingredients if ingredient.score not in without]


def _unavailable(
    component: Component, series: Mapping[str, Series], weights: Mapping[str, float], without: Collection[str]
) -> str | None:
    """The reason that a component is not in the sum; None if it is."""
    if weights.get(component.name, 0) == 0:
        return "its weight is 0"
    used = _used(component, without)
    if component.name in without or not used:
        return "confounded with the quantization types"
    missing = [ingredient.score for ingredient in used if not series[ingredient.score].complete]
    return f"{', '.join(missing)} is not defined on every layer" if missing else None


def _offset(component: Component, series: Mapping[str, Series]) -> float:
    return 0.0 if component.composite else series[component.ingredients[0].score].offset


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


def _effective(used: Mapping[str, Sequence[Ingredient]], shares: Mapping[str, float]) -> dict[str, float]:
    """Score → its weight through every component: an equal part of each that it is in."""
    weights: dict[str, float] = {}
    for component, parts in used.items():
        for part in parts:
            weights[part.score] = weights.get(part.score, 0.0) + shares[component] / len(parts)
    return weights
