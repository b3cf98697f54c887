"""Scores that could not be computed, and warnings to read before the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...models.stacks import layer_ranges
from ..inputs.layer_table import TENSOR_NAMES, Applicability
from ..wording import equal_text, flat_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..index.ranking import Ranking
    from ..inputs.layer_table import LayerTable
    from ..inputs.read_input import AnalysisInput
    from ..presets.registry import Preset, Series
    from .findings import Finding

NARROW_SHARE = 0.001  # a zero share that spans less is stretched by the scaling out of all proportion


def applicability(
    analysed: AnalysisInput, rankings: Mapping[str, Ranking], presets: Mapping[str, Preset]
) -> list[Applicability]:
    """One line per score that is undefined on a layer, and per component that left the index."""
    limits: dict[tuple[str, str], Applicability] = {}
    for name, ranking in rankings.items():
        of_preset = [
            *(
                Applicability(score, _why(series, analysed.table))
                for score, series in ranking.scores.series.items()
                if not series.complete and not ranking.scores.explained
            ),
            *ranking.scores.applicability,
            *(Applicability(f"{name} risk: {component}", why) for component, why in ranking.risk.dropped.items()),
        ]
        limits |= {(limit.score, limit.reason): limit for limit in of_preset}
    return [*limits.values(), *_beyond_the_input(analysed, presets)]


def _beyond_the_input(analysed: AnalysisInput, presets: Mapping[str, Preset]) -> list[Applicability]:
    """Limits of this kind of input, whatever stands in it."""
    limits = []
    if analysed.model is None:
        names = [preset.name for preset in presets.values() if preset.needs_model and not preset.in_place_of]
        limits += [Applicability(f"preset {name}", "needs the model itself, not a profile of it") for name in names]
    if not analysed.gauge.decides:
        limits.append(Applicability("invariant products", "exact ones need the model; here without gains"))
    if analysed.source == "phase 1":
        limits.append(Applicability("figures of single heads", "a Phase 1 profile has none"))
        limits.append(Applicability("per-row rms", "a Phase 1 profile tells no rows: H2 and H4 use Frobenius norms"))
    return limits


def _why(series: Series, table: LayerTable) -> str:
    parts = [part for role, layers in table.missing(series.reads).items() for part in _lacking(role, layers, table)]
    return "; ".join(parts) or "a denominator is 0"


def _lacking(role: str, layers: list[int], table: LayerTable) -> list[str]:
    """In which of these layers there is no such tensor, and in which it has no statistics (no finite weight, say)."""
    types = dict(zip(table.layers.tolist(), (table.matrices.get(role) or table.gains[role]).types, strict=True))
    absent = [layer for layer in layers if types[layer] is None]
    unknown = [layer for layer in layers if types[layer] is not None]
    name = TENSOR_NAMES[role]
    lacks = ((f"no {name}", absent), (f"{name} without finite statistics", unknown))
    return [lack + _where(layers, table) for lack, layers in lacks if layers]


def _where(layers: list[int], table: LayerTable) -> str:
    return f" in layers {layer_ranges(layers)}" if len(layers) < table.n_layers else ""


def warnings(analysed: AnalysisInput, rankings: Mapping[str, Ranking], hypotheses: list[Finding]) -> list[str]:
    """Warnings, the gravest first; of all presets but the leading one only those of confounded scores."""
    ranking, *_ = rankings.values()
    texts = list(analysed.warnings)
    if ranking.risk.is_flat:
        texts.append("the index is flat: no layer stands out" if ranking.draws else "no component is available")
    texts += _confound_warnings(ranking)
    dependent = [finding.id for finding in hypotheses if finding.verdict == "parametrization-dependent"]
    if dependent:
        texts.append(f"{', '.join(dependent)}: rescaling the weights without changing the model changes the answer")
    elif not analysed.gauge.decides:
        open_ = [finding.id for finding in hypotheses if finding.gauge is not None and not finding.gauge.decides]
        if open_:
            texts.append(
                f"{', '.join(open_)}: rescaling the weights could change the answer; whether it does takes the model"
                " itself, not a profile of it"
            )
    others = [f"{name}: {text}" for name, other in list(rankings.items())[1:] for text in _flagged_warnings(other)]
    return texts + _scaling_warnings(ranking) + others


def _confound_warnings(ranking: Ranking) -> list[str]:
    texts = _flagged_warnings(ranking)
    if ranking.not_separable:
        texts.append(f"{', '.join(ranking.not_separable)}: the effect of the quantizer cannot be told apart")
    return texts


def _flagged_warnings(ranking: Ranking) -> list[str]:
    flagged = [name for name, outcome in ranking.confounds.items() if outcome.flagged and name in _in_index(ranking)]
    verb = "follows" if len(flagged) == 1 else "follow"
    return [f"{', '.join(flagged)} {verb} the quantization types, not the model alone"] if flagged else []


def _in_index(ranking: Ranking) -> set[str]:
    return {*ranking.risk.effective_weights, *ranking.risk.raw, "risk"}


def _scaling_warnings(ranking: Ranking) -> list[str]:
    """Components that decide nothing or nothing of their own, and a zero share whose tiny range scaling blows up."""
    risk = ranking.risk
    texts = [equal_text(name, twin) for name, twin in risk.equal.items()]
    if not risk.is_flat:
        flat = [name for name in (*risk.weights, *risk.noise) if name in risk.flat]
        texts += [f"{flat_text(name, risk.noise)}: 0.5 on every layer" for name in dict.fromkeys(flat)]
        if len(risk.deciding) == 1:
            texts.append(f"{risk.deciding[0]} alone decides the index: no layer has a level")
    sparsity = ranking.scores.series.get("value_sparsity")
    if sparsity is not None and sparsity.complete and "value_sparsity" not in ranking.risk.flat:
        span = float(np.ptp(sparsity.values))
        if span < NARROW_SHARE:
            texts.append(f"value_sparsity spans {100 * span:.2g} points of % only, which scaling stretches to 0 … 1")
    return texts
