"""The results of an analysis for layers and heads, in columns beside those of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...saving.tables import DataColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...analysis.analysis_document import AnalysisDocument
    from ...analysis.preset_document import LayerRecord, PresetSummary

# Attribute of a layer → what it says; numbers, but for the last.
_INDEX = {
    "risk": "the structural risk index (heuristic) of the preset, 0 to 100 in this file; not comparable between files",
    "risk_without_confounded": "the index without what the confound test flagged",
    "rank": "1 for the highest index",
    "p_first": "probability over weights of being first",
    "p_top_three": "probability over weights of being among the first three",
    "level": "low, medium or high, where nothing changes it",
}
Place = tuple[int, str, int]  # layer, role, head


def layer_columns(document: AnalysisDocument, layers: Sequence[int | None]) -> list[DataColumn]:
    """The columns of every preset, named `heuristic_risk`, …; then types of the matrices and zeros of W_v.

    Args:
        document: the analysis.
        layers: the layer of each row; None for one that the analysis does not know.
    """
    columns = [column for preset in (document.preset, *document.other_presets) for column in _of_preset(preset, layers)]
    records = _records(document.preset, layers)
    for name in dict.fromkeys(name for record in document.preset.layers for name in record.types):
        values = [record and record.types.get(name) for record in records]
        columns.append(DataColumn(f"type_{name}", "text", f"type of {name}", values))
    low, high = ([_band_end(record, end) for record in records] for end in (0, 1))
    excess = [record and record.value_zeros.excess_zero_fraction for record in records]
    return [
        *columns,
        DataColumn("attn_v_expected_zero_fraction_low", "number", "least zeros that the type of W_v explains", low),
        DataColumn("attn_v_expected_zero_fraction_high", "number", "most zeros that the type of W_v explains", high),
        DataColumn("attn_v_excess_zero_fraction", "number", "zeros of W_v outside that band", excess),
    ]


def _records(preset: PresetSummary, layers: Sequence[int | None]) -> list[LayerRecord | None]:
    known = {record.layer: record for record in preset.layers}
    return [None if layer is None else known.get(layer) for layer in layers]


def _band_end(record: LayerRecord | None, end: int) -> float | None:
    band = record.value_zeros.expected_zero_fraction if record else None
    return None if band is None else band[end]


def _of_preset(preset: PresetSummary, layers: Sequence[int | None]) -> Iterator[DataColumn]:
    records = _records(preset, layers)
    for name, meaning in _INDEX.items():
        kind: Any = "text" if name == "level" else "number"
        yield DataColumn(
            f"{preset.name}_{name}", kind, meaning, [record and getattr(record, name) for record in records]
        )
    for end, side in enumerate(("low", "high")):
        values = [record.rank_interval[end] if record and record.rank_interval else None for record in records]
        yield DataColumn(
            f"{preset.name}_rank_{side}", "number", f"{side} end of the 5–95 % interval of the rank", values
        )
    for name, formula in preset.formulas.items():
        yield DataColumn(
            f"{preset.name}_{name}", "number", formula, [record and record.scores.get(name) for record in records]
        )
    for name in preset.weights:
        values = [record.components[name].scaled if record else None for record in records]
        yield DataColumn(f"{preset.name}_scaled_{name}", "number", f"{name}, scaled to 0 … 1", values)


def head_columns(document: AnalysisDocument) -> list[tuple[str, dict[Place, float | None]]]:
    """Name and values by place of what the presets say of query heads."""
    return [
        (f"{preset.name}_{name}", dict(_places(preset, rows)))
        for preset in (document.preset, *document.other_presets)
        for name, rows in preset.per_head.items()
    ]


def _places(preset: PresetSummary, rows: list[list[float | None]]) -> Iterator[tuple[Place, float | None]]:
    for record, values in zip(preset.layers, rows, strict=True):
        for head, value in enumerate(values):
            yield (record.layer, "attn_q", head), value
