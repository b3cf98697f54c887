"""Activations as propagation predicts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ..content.chart import INDEX, Chart, ChartColumn, ChartTable
from .access import presets_of
from .axes import WHERE_LAYER, chart_of, dot_size, layer_x, marks
from .labels import PLAIN, number_label
from .registry import LeftOutError, chart
from .words import listed, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.preset_document import PresetSummary
    from ..content.chart import Specification
    from ..content.results import ReportData

ACTIVATION = ("ffn_mean", "ffn_std", "near_zero_share")
NEEDS_MODEL = "it needs the propagation preset, which reads the model itself"


@chart("activations")
def activations(data: ReportData) -> Iterator[Chart]:
    """The gated product of the FFN, layer by layer and for each third of the depth."""
    presets = [preset for preset in presets_of(data) if preset.thirds]
    if not presets:
        raise LeftOutError(NEEDS_MODEL)
    preset = presets[0]
    if not any(record.scores.get("ffn_std") is not None for record in preset.layers):
        raise LeftOutError("the FFN could not be propagated")
    sentence = _activation_sentence(preset)
    yield Chart(
        name="activations",
        title="Predicted activations of the FFN: early, middle and late layers",
        sentence=sentence,
        definition=(
            "Mean of the gated product φ(gate) · up and one standard deviation to either side, over neurons and tokens,"
            " as propagation predicts them. Near zero: below a tenth of their own root mean square, of each token where"
            " there are openings."
            " The bars behind are the thirds of the depth, each as one sample."
        ),
        alt=f"Points with error bars over {len(preset.layers)} layers, and a bar for each third. {sentence}",
        table=_activation_table(preset),
        specification=_activation_picture(preset),
        section=INDEX,
    )


def _activation_sentence(preset: PresetSummary) -> str:
    parts = [
        f"{third.third} {100 * share:.1f} %"
        for third in preset.thirds
        if (share := third.values.get("near_zero_share")) is not None
    ]
    spread = [
        f"{third.third} {number(std)}" for third in preset.thirds if (std := third.values.get("ffn_std")) is not None
    ]
    if not parts or not spread:
        return "Propagation did not reach all layers of any third."
    return f"Share of activations near zero: {listed(parts)}. Standard deviation: {listed(spread)}."


def _activation_table(preset: PresetSummary) -> ChartTable:
    columns = (
        ChartColumn("third", "third"),
        ChartColumn("layer", "layer"),
        ChartColumn("ffn_mean", "mean"),
        ChartColumn("ffn_std", "std"),
        ChartColumn("near_zero_share", "near zero", "share"),
    )
    third = {layer: part.third for part in preset.thirds for layer in part.layers}
    rows: list[tuple[Any, ...]] = [
        (part.third, None, *(part.values.get(key) for key in ACTIVATION)) for part in preset.thirds
    ]
    rows += [
        (third.get(record.layer), record.layer, *(record.scores.get(key) for key in ACTIVATION))
        for record in preset.layers
    ]
    return ChartTable(columns, tuple(rows))


def _activation_picture(preset: PresetSummary) -> Specification:
    third = {layer: part for part in preset.thirds for layer in part.layers}
    rows: list[dict[str, Any]] = []
    for record in preset.layers:
        row: dict[str, Any] = {"layer": record.layer} | dict(
            zip(("mean", "std", "near"), map(record.scores.get, ACTIVATION), strict=True)
        )
        of = third.get(record.layer)
        if of is not None:
            row |= {"third": of.third, "third_mean": of.values.get("ffn_mean"), "third_std": of.values.get("ffn_std")}
        rows.append(row)
    order = [part.third for part in preset.thirds]
    layers = [record.layer for record in preset.layers]
    x = layer_x(layers, 0)
    ends = {"low": "datum.mean - datum.std", "high": "datum.mean + datum.std"}
    behind = (
        marks()
        .transform_filter("isValid(datum.third_std)")
        .transform_calculate(low="datum.third_mean - datum.third_std", high="datum.third_mean + datum.third_std")
        .mark_bar(opacity=0.45)
        .encode(
            x=layer_x(layers, padding=0),
            y=alt.Y("low:Q", title="activation, mean ± std", axis=alt.Axis(tickCount=6, labelExpr=number_label())),
            y2="high:Q",
            color=alt.Color("third:O", title="third", sort=order, scale=alt.Scale(domain=order)),
        )
    )
    base = marks().transform_filter("isValid(datum.std)").transform_calculate(**ends)
    bars = base.mark_rule(style="whisker").encode(x=x, y="low:Q", y2="high:Q")
    dots = base.mark_point(style="dot", filled=True, opacity=1, size=dot_size(len(layers))).encode(
        x=x,
        y="mean:Q",
        tooltip=[
            WHERE_LAYER,
            alt.Tooltip("mean:Q", title="mean", format=PLAIN),
            alt.Tooltip("std:Q", title="std", format=PLAIN),
            alt.Tooltip("near:Q", title="near zero", format=".2%"),
            alt.Tooltip("third:N", title="third"),
        ],
    )
    return chart_of(behind, bars, dots, rows=rows)
