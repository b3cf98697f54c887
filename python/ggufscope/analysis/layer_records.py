"""A ranking layer by layer, as the plain records of a saved analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .analysis_document import number
from .index.levels import agreed_levels
from .inputs.layer_table import GAINS, MATRICES, TENSOR_NAMES
from .inputs.zeros import bands, excess_zeros
from .orders import ranks
from .preset_document import ComponentValue, LayerRecord, Zeros

if TYPE_CHECKING:
    from .index.ranking import Ranking
    from .index.sensitivity import Sensitivity
    from .inputs.layer_table import LayerTable


def layer_records(ranking: Ranking, table: LayerTable) -> list[LayerRecord]:
    """One record per layer, in order."""
    words = agreed_levels(ranking)
    order = ranks(ranking.risk.values)
    zeros = _zeros(table)
    return [
        LayerRecord(
            layer=int(layer),
            types=_types(table, position),
            scores={name: number(series.values[position]) for name, series in ranking.scores.series.items()},
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
    zeros = []
    for share, lowest, highest, outside in zip(values.zero_fraction, low, high, excess, strict=True):
        band = None if np.isnan(lowest) else (float(lowest), float(highest))
        zeros.append(Zeros(number(share), band, number(outside)))
    return zeros
