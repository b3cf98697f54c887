"""Attention heads: the entropy that is predicted or measured of each, and the plain baseline beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ..content.chart import INDEX, Chart, ChartColumn, ChartTable
from .access import presets_of
from .axes import WHERE_LAYER, cell_look, chart_of, layer_x, marks
from .labels import PLAIN, equal_within, number_label, percent_label
from .registry import LeftOutError, chart
from .sources import NO_SOURCE, source_of
from .words import ends, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..content.chart import Specification
    from ..content.results import ReportData


@chart("heads")
def heads(data: ReportData) -> Iterator[Chart]:
    """The entropy of every head, and the plain baseline that already ranks them."""
    source = source_of(presets_of(data))
    if source is None:
        raise LeftOutError(NO_SOURCE)
    preset = next(preset for preset in presets_of(data) if preset.name == source.preset)
    layers = [record.layer for record in preset.layers]
    tables = {key: table for key, table in preset.per_head.items() if len(table) == len(layers)}
    if not _has_numbers(tables.get("head_entropy")):
        raise LeftOutError("no head has an entropy")
    for key, (name, title, panel, label, definition) in HEAD_MAPS.items():
        if _has_numbers(tables.get(key)):
            rows = _of_heads(tables[key], layers)
            ranks = [rank for *_, rank in _of_heads(tables.get(f"{key}_rank", []), layers)]
            sentence = head_sentence(rows, label)
            yield Chart(
                name=name,
                title=title.format(how=source.how),
                sentence=sentence,
                definition=definition.format(heads=source.heads),
                alt=f"A map of {len(layers)} layers and {max(map(len, tables[key]))} heads. {sentence}",
                table=_head_table(rows, ranks, ChartColumn(key, label)),
                specification=head_picture(rows, layers, label),
                family="heads",
                panel=panel,
                section=INDEX,
            )


HEAD_MAPS = {
    "head_entropy": (
        "head-entropy",
        "Attention entropy of every head, {how}",
        "Attention entropy / ln n",
        "H / ln n",
        "Entropy of attention over n keys as a share of ln n: 0 looks at one token, 1 at all alike. {heads}",
    ),
    "baseline": (
        "head-baseline",
        "The plain ranking of heads that entropies are measured against",
        "Minus the product of norms",
        "minus the product of norms",
        "−‖W_q g‖ · ‖W_k g‖ of each head, g being the gains in front: small products spread attention. It needs the"
        " weights of q and k alone.",
    ),
}


def _of_heads(table: list[list[float | None]], layers: list[int]) -> list[tuple[int, int, float | None]]:
    """(layer, head, value) of a table of layers × heads."""
    return [
        (layer, head, value) for layer, values in zip(layers, table, strict=False) for head, value in enumerate(values)
    ]


def _head_table(rows: list[tuple[int, int, float | None]], ranks: list[float | None], what: ChartColumn) -> ChartTable:
    """With the rank over the heads of all layers where the analysis has it."""
    columns = (ChartColumn("layer", "layer"), ChartColumn("head", "head"), what)
    if len(ranks) != len(rows):
        return ChartTable(columns, tuple(rows))
    ranked = tuple((*row, rank) for row, rank in zip(rows, ranks, strict=True))
    return ChartTable((*columns, ChartColumn(f"{what.name}_rank", "rank over heads")), ranked)


def _has_numbers(table: list[list[float | None]] | None) -> bool:
    return any(value is not None for row in table or [] for value in row)


def head_sentence(rows: list[tuple[int, int, float | None]], label: str = "it") -> str:
    """The heads in which a number is lowest and highest."""
    known = [(value, layer, head) for layer, head, value in rows if value is not None]
    (low, *at_low), (high, *at_high) = min(known), max(known)
    if low == high:
        return f"{label[:1].upper() + label[1:]} is {number(low)} in every head."
    least, most = ends(low, high)
    label = label[:1].upper() + label[1:]
    return (
        f"{label} is lowest in head {at_low[1]} of layer {at_low[0]} ({least}) and highest in head {at_high[1]}"
        f" of layer {at_high[0]} ({most})."
    )


def head_picture(
    rows: list[tuple[int, int, float | None]], layers: list[int], label: str, *, percent: bool = False
) -> Specification:
    """A map of layers and heads, coloured by a number; of a share from 0 to 100 %."""
    known = [value for *_, value in rows if value is not None]
    scale = alt.Scale(domain=[0, 1]) if percent else alt.Scale(zero=equal_within(known))
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
                scale=scale,
                legend=alt.Legend(
                    title=label or None,
                    titleOrient="top",
                    titleLimit=300,
                    gradientLength=200,
                    tickCount=4,
                    labelExpr=percent_label() if percent else number_label(digits=3),
                ),
            ),
            tooltip=[
                WHERE_LAYER,
                alt.Tooltip("head:O", title="head"),
                alt.Tooltip("value:Q", title=label or "value", format=".3~%" if percent else PLAIN),
            ],
        )
    )
    shown = [{"layer": layer, "head": head, "value": value} for layer, head, value in rows if value is not None]
    return chart_of(picture, rows=shown, height=max(60, round(step * n_heads)))
