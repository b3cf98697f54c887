"""What propagation predicts of activations and of attention heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from .access import presets_of
from .axes import WHERE_LAYER, cell_look, chart_of, dot_size, layer_x, marks
from .chart import Chart, Column, Table
from .registry import LeftOutError, chart
from .words import ends, listed, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.document import PresetSummary
    from ..data import ReportData
    from .chart import Specification

ACTIVATION = ("ffn_mean", "ffn_std", "near_zero_share")
NEEDS_MODEL = "it needs the propagation preset, which reads the model itself"
CREDIBLE = "Ranks of heads are credible, absolute entropies are not."


@chart("activations")
def activations(data: ReportData) -> Iterator[Chart]:
    """The gated product of the FFN, layer by layer and for each third of the depth."""
    presets = [preset for preset in presets_of(data) if preset.thirds]
    if not presets:
        raise LeftOutError(NEEDS_MODEL)
    preset = presets[0]
    if not any(entry.scores.get("ffn_std") is not None for entry in preset.layers):
        raise LeftOutError("the FFN could not be propagated")
    sentence = _activation_sentence(preset)
    yield Chart(
        name="activations",
        title="Predicted activations of the FFN: early, middle and late layers",
        sentence=sentence,
        definition=(
            "Mean of the gated product φ(gate) · up and one standard deviation to either side, over neurons and tokens,"
            " as mean-field propagation predicts them. Near zero: below a tenth of the layer's own root mean square."
            " The bars behind are the thirds of the depth, each as one sample."
        ),
        alt=f"Points with error bars over {len(preset.layers)} layers, and a bar for each third. {sentence}",
        table=_activation_table(preset),
        specification=_activation_picture(preset),
    )


def _activation_sentence(preset: PresetSummary) -> str:
    parts = [
        f"{entry.third} {100 * share:.1f} %"
        for entry in preset.thirds
        if (share := entry.values.get("near_zero_share")) is not None
    ]
    spread = [
        f"{entry.third} {number(std)}" for entry in preset.thirds if (std := entry.values.get("ffn_std")) is not None
    ]
    if not parts or not spread:
        return "Propagation did not reach all layers of any third."
    return f"Share of activations near zero: {listed(parts)}. Standard deviation: {listed(spread)}."


def _activation_table(preset: PresetSummary) -> Table:
    columns = (
        Column("third", "third"),
        Column("layer", "layer"),
        Column("ffn_mean", "mean"),
        Column("ffn_std", "std"),
        Column("near_zero_share", "near zero", "share"),
    )
    third = {layer: entry.third for entry in preset.thirds for layer in entry.layers}
    rows: list[tuple[Any, ...]] = [
        (entry.third, None, *(entry.values.get(key) for key in ACTIVATION)) for entry in preset.thirds
    ]
    rows += [
        (third.get(entry.layer), entry.layer, *(entry.scores.get(key) for key in ACTIVATION)) for entry in preset.layers
    ]
    return Table(columns, tuple(rows))


def _activation_picture(preset: PresetSummary) -> Specification:
    third = {layer: entry for entry in preset.thirds for layer in entry.layers}
    rows: list[dict[str, Any]] = []
    for entry in preset.layers:
        row: dict[str, Any] = {"layer": entry.layer} | dict(
            zip(("mean", "std", "near"), map(entry.scores.get, ACTIVATION), strict=True)
        )
        of = third.get(entry.layer)
        if of is not None:
            row |= {"third": of.third, "third_mean": of.values.get("ffn_mean"), "third_std": of.values.get("ffn_std")}
        rows.append(row)
    order = [entry.third for entry in preset.thirds]
    layers = [entry.layer for entry in preset.layers]
    x = layer_x(layers, 0)
    ends = {"low": "datum.mean - datum.std", "high": "datum.mean + datum.std"}
    behind = (
        marks()
        .transform_filter("isValid(datum.third_std)")
        .transform_calculate(low="datum.third_mean - datum.third_std", high="datum.third_mean + datum.third_std")
        .mark_bar(opacity=0.45)
        .encode(
            x=layer_x(layers, padding=0),
            y=alt.Y("low:Q", title="activation, mean ± std"),
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
            alt.Tooltip("mean:Q", title="mean", format=".4~g"),
            alt.Tooltip("std:Q", title="std", format=".4~g"),
            alt.Tooltip("near:Q", title="near zero", format=".2%"),
            alt.Tooltip("third:N", title="third"),
        ],
    )
    return chart_of(behind, bars, dots, rows=rows)


@chart("heads")
def heads(data: ReportData) -> Iterator[Chart]:
    """The predicted entropy of every head, and the plain baseline that already ranks them."""
    tables = {key: table for preset in presets_of(data) for key, table in preset.per_head.items()}
    layers = [entry.layer for entry in presets_of(data)[0].layers]
    tables = {key: table for key, table in tables.items() if len(table) == len(layers)}
    if not _has_numbers(tables.get("head_entropy")):
        raise LeftOutError(NEEDS_MODEL if "head_entropy" not in tables else "no head has an entropy")
    for key, (name, title, label, definition) in HEAD_MAPS.items():
        if _has_numbers(tables.get(key)):
            rows = _of_heads(tables[key], layers)
            ranks = [rank for *_, rank in _of_heads(tables.get(f"{key}_rank", []), layers)]
            sentence = _head_sentence(rows, label)
            yield Chart(
                name=name,
                title=title,
                sentence=sentence,
                definition=definition,
                alt=f"A map of {len(layers)} layers and {max(map(len, tables[key]))} heads. {sentence}",
                table=_head_table(rows, ranks, Column(key, label)),
                specification=_head_picture(rows, layers, label),
            )


HEAD_MAPS = {
    "head_entropy": (
        "head-entropy",
        "Predicted attention entropy of every head",
        "H / ln n",
        "Entropy of attention over n keys as a share of ln n: 0 looks at one token, 1 at all alike. From the covariance"
        f" of propagated queries and keys, sampled. {CREDIBLE}",
    ),
    "baseline": (
        "head-baseline",
        "The plain ranking of heads that propagation is measured against",
        "minus the product of norms",
        "−‖W_q g‖ · ‖W_k g‖ of each head, g being the gains in front: small products spread attention. It needs no"
        " propagation.",
    ),
}


def _of_heads(table: list[list[float | None]], layers: list[int]) -> list[tuple[int, int, float | None]]:
    """(layer, head, value) of a table of layers × heads."""
    return [
        (layer, head, value) for layer, values in zip(layers, table, strict=False) for head, value in enumerate(values)
    ]


def _head_table(rows: list[tuple[int, int, float | None]], ranks: list[float | None], what: Column) -> Table:
    """With the rank over the heads of all layers where the analysis has it."""
    columns = (Column("layer", "layer"), Column("head", "head"), what)
    if len(ranks) != len(rows):
        return Table(columns, tuple(rows))
    ranked = tuple((*row, rank) for row, rank in zip(rows, ranks, strict=True))
    return Table((*columns, Column(f"{what.name}_rank", "rank over heads")), ranked)


def _has_numbers(table: list[list[float | None]] | None) -> bool:
    return any(value is not None for row in table or [] for value in row)


def _head_sentence(rows: list[tuple[int, int, float | None]], label: str) -> str:
    known = [(value, layer, head) for layer, head, value in rows if value is not None]
    (low, *at_low), (high, *at_high) = min(known), max(known)
    if low == high:
        return f"{label} is {number(low)} in every head."
    least, most = ends(low, high)
    label = label[:1].upper() + label[1:]
    return (
        f"{label} is lowest in head {at_low[1]} of layer {at_low[0]} ({least}) and highest in head {at_high[1]}"
        f" of layer {at_high[0]} ({most})."
    )


def _head_picture(rows: list[tuple[int, int, float | None]], layers: list[int], label: str) -> Specification:
    n_heads = 1 + max(head for _, head, _ in rows)
    step = max(3.0, min(14.0, 420 / n_heads))
    named = [head for head in range(n_heads) if head % max(1, -(-n_heads // 8)) == 0]
    picture = (
        marks()
        .mark_rect(**cell_look(len(layers)))
        .encode(
            x=layer_x(layers, padding=0),
            y=alt.Y(
                "head:O",
                title="head",
                scale=alt.Scale(domain=list(range(n_heads)), padding=0),
                axis=alt.Axis(values=named, grid=False),
            ),
            color=alt.Color(
                "value:Q",
                scale=alt.Scale(zero=False),
                legend=alt.Legend(title=label, titleOrient="top", gradientLength=200, tickCount=4),
            ),
            tooltip=[
                WHERE_LAYER,
                alt.Tooltip("head:O", title="head"),
                alt.Tooltip("value:Q", title=label, format=".4~g"),
            ],
        )
    )
    shown = [{"layer": layer, "head": head, "value": value} for layer, head, value in rows if value is not None]
    return chart_of(picture, rows=shown, height=max(60, round(step * n_heads)))
