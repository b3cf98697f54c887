"""Rankings, confounds and gauges as the plain records of a saved analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .analysis_document import (
    ComponentValue,
    ConfoundRecord,
    GaugeRecord,
    LayerRecord,
    PresetSummary,
    ThirdRecord,
    Variant,
    Zeros,
    number,
)
from .index.levels import agreed_levels
from .index.risk import participation_ratio
from .inputs.gauge import EXPLANATIONS, PRODUCTS
from .inputs.layer_table import GAINS, MATRICES, TENSOR_NAMES
from .orders import ranks
from .verdicts.zeros import bands, excess_zeros

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .index.confound import Confound
    from .index.ranking import Ranking, VariantRanking
    from .index.sensitivity import Sensitivity
    from .inputs.gauge import Gauge
    from .inputs.layer_table import LayerTable
    from .presets.registry import Preset


def preset_summary(preset: Preset, ranking: Ranking, table: LayerTable) -> PresetSummary:
    """A preset's index as a whole and layer by layer."""
    risk, series = ranking.risk, ranking.scores.series
    terms = [entry for entry in ranking.scores.components if entry.name not in series]
    return PresetSummary(
        name=preset.name,
        summary=preset.summary,
        weights=risk.weights,
        effective_weights=risk.effective_weights,
        independent_components=participation_ratio(risk.matrix),
        flat=list(risk.flat),
        dropped=risk.dropped,
        confounded=list(ranking.excluded),
        formulas={name: entry.formula for name, entry in series.items()} | {term.name: term.formula for term in terms},
        gauge_invariant={name: entry.gauge_invariant for name, entry in series.items()}
        | {term.name: all(series[part.score].gauge_invariant for part in term.ingredients) for term in terms},
        variants=[_variant(entry) for entry in ranking.variants],
        per_head={name: [_numbers(row) for row in rows] for name, rows in ranking.scores.per_head.items()},
        layers=_layers(ranking, table),
        reads=_reads(ranking),
        thirds=[
            ThirdRecord(entry.third, list(entry.layers), {name: number(value) for name, value in entry.values.items()})
            for entry in ranking.scores.thirds
        ],
    )


def _reads(ranking: Ranking) -> dict[str, list[str]]:
    """Score or component → roles; a component that is a score of the same name is that score."""
    found = {
        component.name: tuple(
            dict.fromkeys(role for part in component.ingredients for role in ranking.scores.series[part.score].reads)
        )
        for component in ranking.scores.components
    }
    found |= {name: entry.reads for name, entry in ranking.scores.series.items()}
    return {name: [TENSOR_NAMES[role] for role in roles] for name, roles in found.items()}


def _variant(entry: VariantRanking) -> Variant:
    draws, unknown = entry.draws, [None] * len(entry.risk.values)
    return Variant(
        norm=entry.norm,
        scale=entry.scale,
        tau=entry.tau,
        top_layers=entry.top_layers,
        risk=_numbers(entry.risk.values),
        rank=_numbers(ranks(entry.risk.values)) if draws else [*unknown],
        p_first=_numbers(draws.p_first) if draws else [*unknown],
        p_top_three=_numbers(draws.p_top_three) if draws else [*unknown],
    )


def _numbers(values: Floats) -> list[float | None]:
    return [number(value) for value in values.tolist()]


def _layers(ranking: Ranking, table: LayerTable) -> list[LayerRecord]:
    words = agreed_levels(ranking)
    order = ranks(ranking.risk.values)
    zeros = _zeros(table)
    return [
        LayerRecord(
            layer=int(layer),
            types=_types(table, position),
            scores={name: number(entry.values[position]) for name, entry in ranking.scores.series.items()},
            components=_components(ranking, position),
            contributions=ranking.risk.contributions(position),
            risk=number(ranking.risk.values[position]),
            risk_without_confounded=number(ranking.without_confounded.values[position]),
            level=words[position],
            rank=float(order[position]) if ranking.draws else None,
            rank_interval=_rank_interval(ranking.draws, position),
            p_first=float(ranking.draws.p_first[position]) if ranking.draws else None,
            p_top_three=float(ranking.draws.p_top_three[position]) if ranking.draws else None,
            value_zeros=zeros[position],
        )
        for position, layer in enumerate(table.layers)
    ]


def _types(table: LayerTable, position: int) -> dict[str, str | None]:
    matrices = {TENSOR_NAMES[name]: table.matrices[name].types[position] for name in MATRICES}
    return matrices | {TENSOR_NAMES[name]: table.gains[name].types[position] for name in GAINS}


def _components(ranking: Ranking, position: int) -> dict[str, ComponentValue]:
    raw, units = ranking.risk.raw, ranking.risk.scaled
    return {name: ComponentValue(number(raw[name][position]), number(units[name][position])) for name in raw}


def _rank_interval(draws: Sensitivity | None, position: int) -> tuple[float, float] | None:
    return None if draws is None else (float(draws.rank_low[position]), float(draws.rank_high[position]))


def _zeros(table: LayerTable) -> list[Zeros]:
    values = table.matrices["v"]
    low, high = bands(values.types)
    excess = excess_zeros(values.zero_fraction, values.types)
    found = []
    for share, lowest, highest, outside in zip(values.zero_fraction, low, high, excess, strict=True):
        band = None if np.isnan(lowest) else (float(lowest), float(highest))
        found.append(Zeros(number(share), band, number(outside)))
    return found


def confound_record(preset: str, outcome: Confound) -> ConfoundRecord:
    """Without the shifts, which serve the counterfactual alone."""
    return ConfoundRecord(
        preset=preset,
        quantity=outcome.quantity,
        status=outcome.status,
        layers_by_type=outcome.layers_by_type,
        partial_eta_squared=outcome.partial_eta_squared,
        effect=outcome.effect,
        p=outcome.p,
        reason=outcome.reason,
    )


def gauge_record(gauge: Gauge) -> GaugeRecord:
    """The invariant products."""
    return GaugeRecord(
        exactness=gauge.exactness,
        explanation=EXPLANATIONS[gauge.exactness],
        decides=gauge.decides,
        formulas=dict(PRODUCTS),
        products={name: _numbers(values) for name, values in gauge.products.items()},
        scale_free=dict(gauge.scale_free),
    )
