"""The terms of the risk index: components scaled, flat ones, and those that are equal on every layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .scaling import is_flat, scaled

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ...arrays.floats import Floats
    from ..presets.registry import Component, Ingredient, Scale, Series

_EQUAL = 1e-9  # of scaled values


@dataclass(frozen=True, eq=False)
class Term:
    """A component that is in the sum.

    Attributes:
        raw, unit: before and after scaling, (L,).
        flat: whether it is the same on every layer.
        composite: whether it is made of several scores.
        deciding: the scores that it varies with.
    """

    raw: Floats
    unit: Floats
    flat: bool
    composite: bool
    deciding: tuple[str, ...]


def ingredients_used(component: Component, without: Collection[str]) -> list[Ingredient]:
    return [ingredient for ingredient in component.ingredients if ingredient.score not in without]


def flat_score(score: Series) -> bool:
    """Whether the layers differ by less than 5 %, or by no more than noise."""
    return score.noise is not None or is_flat(score.values, score.offset)


def noise_of(score: Series) -> str | None:
    """The noise that makes a score flat; None for one that is flat by its range, or not flat."""
    return None if is_flat(score.values, score.offset) else score.noise


def _unit(part: Ingredient, series: Mapping[str, Series], scale: Scale) -> Floats:
    """Scaled values: u of a rising score, 1 − u of a falling one, (L,)."""
    score = series[part.score]
    unit = scaled(score.values, scale, flat=flat_score(score))
    return unit if part.rising else 1 - unit


def term_of(component: Component, used: Sequence[Ingredient], series: Mapping[str, Series], scale: Scale) -> Term:
    """A component, scaled: its one score, or the mean of the ingredients used."""
    if not component.composite:
        score = series[used[0].score]
        flat = flat_score(score)
        return Term(score.values, _unit(used[0], series, scale), flat, False, () if flat else (used[0].score,))
    distinct = _distinct(used, series, scale)
    raw: Floats = np.mean(list(distinct.values()), axis=0)
    deciding = tuple(name for name in distinct if not flat_score(series[name]))
    flat = not deciding or is_flat(raw)
    return Term(raw, scaled(raw, scale, flat=flat), flat, True, () if flat else deciding)


def _distinct(used: Sequence[Ingredient], series: Mapping[str, Series], scale: Scale) -> dict[str, Floats]:
    """Ingredient → its scaled values, (L,); of those that are equal and vary the first alone.

    With `k_norm` falling, `value_sparsity` rising and `q_gate_ratio` falling their mean is the study's attention
    entropy.
    """
    distinct: dict[str, Floats] = {}
    for part in used:
        unit = _unit(part, series, scale)
        if flat_score(series[part.score]) or not any(_same(unit, other) for other in distinct.values()):
            distinct[part.score] = unit
    return distinct


def _same(unit: Floats, other: Floats) -> bool:
    return bool(np.abs(unit - other).max() < _EQUAL)


def equal_terms(terms: Mapping[str, Term]) -> dict[str, str]:
    """Component → the one it equals: the first of them, or the first that is a single score."""
    first = sorted(terms, key=lambda name: terms[name].composite)
    counting: list[str] = []
    equal: dict[str, str] = {}
    for name in (name for name in first if not terms[name].flat):
        twin = next((other for other in counting if _same(terms[name].unit, terms[other].unit)), None)
        if twin is None:
            counting.append(name)
        else:
            equal[name] = twin
    return equal


def equal_ingredients(
    used: Mapping[Component, Sequence[Ingredient]], series: Mapping[str, Series], scale: Scale
) -> dict[str, str]:
    """Ingredient that is left out of its composite → the one that counts for both."""
    equal = {}
    for parts in (parts for component, parts in used.items() if component.composite):
        counted = _distinct(parts, series, scale)
        for part in (part for part in parts if part.score not in counted):
            unit = _unit(part, series, scale)
            equal[part.score] = next(name for name, other in counted.items() if _same(unit, other))
    return equal
