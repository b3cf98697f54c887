"""One preset's index, looked at from every side: sensitivity, confounds, variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..orders import tau
from ..presets.registry import NORMS, SCALES, PresetInput
from .confound import Confound, confound_test
from .risk import RiskIndex, risk_index
from .sensitivity import TOP, Sensitivity, sensitivity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ..inputs.layer_table import LayerTable
    from ..presets.registry import Norm, Preset, PresetScores, Scale
    from ..settings import Settings

RISK = "risk"


@dataclass(frozen=True, eq=False)
class VariantRanking:
    """The index with another norm scale or scaling, its agreement with the one reported, and its sensitivity."""

    norm: Norm
    scale: Scale
    tau: float | None
    top_layers: list[int]
    risk: RiskIndex
    draws: Sensitivity | None


@dataclass(frozen=True, eq=False)
class Ranking:
    """A preset's index and what it is worth.

    Attributes:
        scores: what the preset found.
        risk: the index.
        draws: its sensitivity to the weights; None without an index.
        confounds: outcome of the confound test by quantity: scores, components, and the index as `"risk"`.
        excluded: the scores and components that were flagged.
        without_confounded: the index without these, wherever they enter.
        draws_without_confounded: its sensitivity; None where nothing is left.
        variants: the other norm scales and scalings.
    """

    scores: PresetScores
    risk: RiskIndex
    draws: Sensitivity | None
    confounds: dict[str, Confound]
    excluded: tuple[str, ...]
    without_confounded: RiskIndex
    draws_without_confounded: Sensitivity | None
    variants: list[VariantRanking]

    @property
    def not_separable(self) -> list[str]:
        """The scores in the index for which the confound test could not decide."""
        used = self.risk.effective_weights
        return [name for name in used if self.confounds[name].status in {"not separable", "not available"}]


def rank_layers(preset: Preset, given: PresetInput, settings: Settings) -> Ranking:
    """Compute a preset's scores and its index, and test them."""
    scores = preset.compute(given)
    index = risk_index(scores.series, scores.components, settings.weights, settings.scale)
    confounds = {
        name: confound_test(name, series.values, given.table.types_of(series.reads), settings.seed)
        for name, series in scores.series.items()
        if not _is_variant(name, scores)
    }
    confounds |= _of_sums(index, scores, given.table, settings.seed)
    excluded, without = _without_flagged(index, scores, confounds, given.table, settings)
    return Ranking(
        scores=scores,
        risk=index,
        draws=_draws(index, settings),
        confounds=confounds,
        excluded=excluded,
        without_confounded=without,
        draws_without_confounded=_draws(without, settings),
        variants=_variants(preset, given, settings, index, scores),
    )


def _is_variant(name: str, scores: PresetScores) -> bool:
    """Whether it is another score with one of the norm scales, both of which are always reported."""
    base, _, last = name.rpartition("_")
    return last in NORMS and base in scores.series


def _draws(index: RiskIndex, settings: Settings) -> Sensitivity | None:
    return sensitivity(index.matrix, seed=settings.seed) if index.weights else None


def _reads(scores: PresetScores, names: Iterable[str]) -> tuple[str, ...]:
    """All matrices and gains behind some scores."""
    return tuple(dict.fromkeys(role for name in names for role in scores.series[name].reads))


def _ingredients(scores: PresetScores, component: str) -> list[str]:
    return [part.score for entry in scores.components if entry.name == component for part in entry.ingredients]


def _of_sums(index: RiskIndex, scores: PresetScores, table: LayerTable, seed: int) -> dict[str, Confound]:
    """The test on composite components and on the index itself."""
    found = {}
    for name, values in index.raw.items():
        if name not in scores.series:
            types = table.types_of(_reads(scores, _ingredients(scores, name)))
            found[name] = confound_test(name, values, types, seed)
    if index.weights:
        types = table.types_of(_reads(scores, index.effective_weights))
        found[RISK] = confound_test(RISK, index.values, types, seed)
    return found


def _without_flagged(
    index: RiskIndex,
    scores: PresetScores,
    confounds: dict[str, Confound],
    table: LayerTable,
    settings: Settings,
) -> tuple[tuple[str, ...], RiskIndex]:
    """Leave flagged scores out wherever they enter; then composites that are flagged even without them."""
    excluded = [name for name in index.effective_weights if confounds[name].flagged]

    def rest(without: Collection[str]) -> RiskIndex:
        return risk_index(scores.series, scores.components, settings.weights, settings.scale, without)

    remaining = rest(excluded)
    again = _of_sums(remaining, scores, table, settings.seed)
    composites = [name for name, outcome in again.items() if name != RISK and outcome.flagged]
    return (*excluded, *composites), rest([*excluded, *composites]) if composites else remaining


def _variants(
    preset: Preset, given: PresetInput, settings: Settings, index: RiskIndex, scores: PresetScores
) -> list[VariantRanking]:
    """The same index with every norm scale and scaling; a preset that needs the model is not run again for a norm."""
    found = []
    for norm in NORMS:
        if preset.needs_model and norm != given.norm:
            continue
        other = PresetInput(given.table, norm, given.model, given.threads)
        series = scores if norm == given.norm else preset.compute(other)
        for scale in SCALES:
            variant = risk_index(series.series, series.components, settings.weights, scale)
            top = given.table.layers[top_layers(variant)].tolist()
            draws = _draws(variant, settings)
            found.append(VariantRanking(norm, scale, _agreement(index, variant), top, variant, draws))
    return found


def top_layers(index: RiskIndex) -> list[int]:
    """Positions of the three layers of the highest index, the highest first; none if it is flat."""
    if index.is_flat:
        return []
    order: list[int] = np.argsort(-index.values, kind="stable")[:TOP].tolist()
    return order


def _agreement(first: RiskIndex, second: RiskIndex) -> float | None:
    if first.is_flat or second.is_flat:
        return None
    return tau(first.values, second.values)


def agreement(first: Ranking, second: Ranking) -> float | None:
    """Kendall's τ of the layer rankings of two presets."""
    return _agreement(first.risk, second.risk)
