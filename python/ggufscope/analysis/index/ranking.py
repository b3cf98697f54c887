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
    from ..settings import AnalysisSettings

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
    """A preset's index and how far it can be trusted.

    Attributes:
        preset: whose index it is.
        scores: of the preset.
        risk: the index.
        draws: its sensitivity to the weights; None without an index.
        confounds: outcome of the confound test by quantity: scores, components, and the index as `"risk"`.
        excluded: the scores and components that were flagged.
        without_confounded: the index without these, wherever they enter.
        draws_without_confounded: its sensitivity; None where nothing is left.
        variants: the other norm scales and scalings.
    """

    preset: Preset
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
        return [
            name
            for name in self.risk.effective_weights
            if self.confounds[name].status in {"not separable", "not available"}
        ]


def rank_layers(preset: Preset, preset_input: PresetInput, settings: AnalysisSettings) -> Ranking:
    """Compute a preset's scores and its index, and test them."""
    table = preset_input.table
    scores = preset.compute(preset_input)
    index = risk_index(scores.series, scores.components, settings.weights, settings.scale)
    confounds = {
        name: confound_test(name, series.values, table.types_of(series.reads), settings.seed)
        for name, series in scores.series.items()
        if not _is_variant(name, scores)
    }
    confounds |= _confounds_of_sums(index, scores, table, settings.seed)
    excluded, without = _without_flagged(index, scores, confounds, table, settings)
    return Ranking(
        preset=preset,
        scores=scores,
        risk=index,
        draws=_draws(index, settings),
        confounds=confounds,
        excluded=excluded,
        without_confounded=without,
        draws_without_confounded=_draws(without, settings),
        variants=_variants(preset, preset_input, settings, index, scores),
    )


def _is_variant(name: str, scores: PresetScores) -> bool:
    """Whether it is another score with one of the norm scales, both of which are always reported."""
    base, _, last = name.rpartition("_")
    return last in NORMS and base in scores.series


def _draws(index: RiskIndex, settings: AnalysisSettings) -> Sensitivity | None:
    return sensitivity(index.matrix, seed=settings.seed) if index.weights else None


def _reads(scores: PresetScores, names: Iterable[str]) -> tuple[str, ...]:
    """All matrices and gains behind some scores."""
    return tuple(dict.fromkeys(role for name in names for role in scores.series[name].reads))


def _ingredients(scores: PresetScores, component: str) -> list[str]:
    return [part.score for term in scores.components if term.name == component for part in term.ingredients]


def _confounds_of_sums(index: RiskIndex, scores: PresetScores, table: LayerTable, seed: int) -> dict[str, Confound]:
    """The test on composite components and on the index itself."""
    confounds = {}
    for name, values in index.raw.items():
        if name not in scores.series:
            types = table.types_of(_reads(scores, _ingredients(scores, name)))
            confounds[name] = confound_test(name, values, types, seed)
    if index.weights:
        types = table.types_of(_reads(scores, index.scores))
        confounds[RISK] = confound_test(RISK, index.values, types, seed)
    return confounds


def _without_flagged(
    index: RiskIndex,
    scores: PresetScores,
    confounds: dict[str, Confound],
    table: LayerTable,
    settings: AnalysisSettings,
) -> tuple[tuple[str, ...], RiskIndex]:
    """Leave flagged scores out wherever they enter; then composites that are flagged even without them."""
    excluded = [name for name in index.effective_weights if confounds[name].flagged]

    def rest(without: Collection[str]) -> RiskIndex:
        return risk_index(scores.series, scores.components, settings.weights, settings.scale, without)

    remaining = rest(excluded)
    again = _confounds_of_sums(remaining, scores, table, settings.seed)
    composites = [name for name, outcome in again.items() if name != RISK and outcome.flagged]
    return (*excluded, *composites), rest([*excluded, *composites]) if composites else remaining


def _variants(
    preset: Preset, preset_input: PresetInput, settings: AnalysisSettings, index: RiskIndex, scores: PresetScores
) -> list[VariantRanking]:
    """The same index with every norm scale and scaling; a preset that needs the model is not run again for a norm."""
    table, variants = preset_input.table, []
    for norm in NORMS:
        if preset.needs_model and norm != preset_input.norm:
            continue
        other_input = PresetInput(table, norm, preset_input.model, preset_input.threads)
        of_norm = scores if norm == preset_input.norm else preset.compute(other_input)
        for scale in SCALES:
            variant = risk_index(of_norm.series, of_norm.components, settings.weights, scale)
            top = table.layers[top_layers(variant)].tolist()
            draws = _draws(variant, settings)
            variants.append(VariantRanking(norm, scale, _agreement(index, variant), top, variant, draws))
    return variants


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
