"""The structural risk index over depth: what it is made of, and how far its ranking hangs on the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ...analysis.wording import SHORT_STATEMENT, equal_text, flat_text
from ...text.escape import escape
from ..content.chart import INDEX, Chart, ChartColumn, ChartTable
from .access import presets_of
from .axes import WHERE_LAYER, chart_of, crowded, dot_size, layer_x, legend_of, marks
from .registry import LeftOutError, chart
from .words import listed, name, number, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.preset_document import LayerRecord, PresetSummary
    from ..content.chart import Specification
    from ..content.results import ReportData

WHOLE, REST = "index", "without confounded"

POINTS = alt.Scale(domain=[0, 100])


@chart("risk")
def risk(data: ReportData) -> Iterator[Chart]:
    """Per preset, the index as a stack of its components."""
    presets = [preset for preset in presets_of(data) if _known(preset)]
    if not presets:
        raise LeftOutError("no component of the index is defined on every layer")
    for preset in presets:
        yield Chart(
            name=stem("risk", preset.name),
            title=f"Structural risk index by layer, {name(preset.name)} preset",
            sentence=_risk_sentence(preset),
            definition=(
                "The index is 100 · Σ weight · u(component): every component is scaled to 0 … 1 over the layers of this"
                f" file. Weights: {_weights(preset)}. {SHORT_STATEMENT.capitalize()}."
            ),
            alt=(
                f"Stacked bars, one for each of {len(preset.layers)} layers: points that"
                f" {listed(list(map(words, preset.weights)))} add to the index. {_risk_sentence(preset)}"
            ),
            table=_risk_table(preset),
            specification=_risk_picture(preset),
            family="risk",
            panel=f"{name(preset.name).capitalize()} preset",
            section=INDEX,
        )


@chart("rank")
def rank(data: ReportData) -> Iterator[Chart]:
    """Per preset, the rank of each layer with its interval over weightings."""
    presets = [preset for preset in presets_of(data) if _known(preset) and _ranked(preset)]
    if not presets:
        raise LeftOutError("without an index there are no ranks")
    for preset in presets:
        yield Chart(
            name=stem("rank", preset.name),
            title=f"Rank of each layer and its interval over weightings, {name(preset.name)} preset",
            sentence=_rank_sentence(preset),
            definition=(
                "Rank 1 has the highest index. The band holds the 5 to 95 % quantiles of the rank when the weights of"
                " the components are drawn at random from all that add up to 1."
            ),
            alt=f"A line of ranks over {len(preset.layers)} layers with a band around it. {_rank_sentence(preset)}",
            table=_rank_table(preset),
            specification=_rank_picture(preset),
            family="rank",
            panel=f"{name(preset.name).capitalize()} preset",
            section=INDEX,
        )


def _known(preset: PresetSummary) -> bool:
    return bool(preset.layers) and any(record.risk is not None for record in preset.layers)


def _ranked(preset: PresetSummary) -> bool:
    return any(record.rank is not None and record.rank_interval is not None for record in preset.layers)


def _weights(preset: PresetSummary) -> str:
    return listed([f"{words(component)} {weight:.3g}" for component, weight in preset.weights.items()])


def _highest(preset: PresetSummary) -> LayerRecord:
    return max(preset.layers, key=lambda record: -1.0 if record.risk is None else record.risk)


def _is_flat(preset: PresetSummary) -> bool:
    return len({record.risk for record in preset.layers}) == 1


def _risk_sentence(preset: PresetSummary) -> str:
    """The layer that is highest, and the components that are in no layer's index."""
    dropped = f" Not in the index: {listed([words(component) for component in preset.dropped])}."
    return _highest_sentence(preset) + (dropped if preset.dropped else "") + _of_no_weight(preset)


def _of_no_weight(preset: PresetSummary) -> str:
    """The components that decide nothing of their own: flat ones, and those that equal another one."""
    noise = {words(component): text for component, text in (preset.noise or {}).items()}
    flat = [flat_text(words(component), noise) for component in preset.weights if component in preset.flat]
    equal = [equal_text(words(component), words(twin)) for component, twin in (preset.equal or {}).items()]
    return "".join(f" {escape(text[:1].upper() + text[1:])}." for text in (*flat, *equal))


def _highest_sentence(preset: PresetSummary) -> str:
    if len(preset.layers) == 1:
        return "There is one layer: the index compares layers and says nothing here."
    if _is_flat(preset):
        return f"All layers have the same index, {number(preset.layers[0].risk)} of 100."
    top = _highest(preset)
    varying = [(component, points) for component, points in top.contributions.items() if component not in preset.flat]
    parts = sorted(varying, key=lambda item: -item[1])[:2]
    most = listed([f"{words(component)} ({points:.1f} points)" for component, points in parts])
    flagged = (
        f" Confounded with the quantization types: {listed([words(component) for component in preset.confounded])}."
    )
    return f"Layer {top.layer} has the highest index, {top.risk:.1f} of 100, most of it from {most}." + (
        flagged if preset.confounded else ""
    )


def _rank_sentence(preset: PresetSummary) -> str:
    if _is_flat(preset) or len(preset.layers) == 1:
        return "The layers do not differ: there is no ranking to speak of."
    top = _highest(preset)
    if len(preset.varying) == 1:
        return (
            f"Layer {top.layer} ranks first: {words(preset.varying[0])} alone decides the order, whatever its weight."
        )
    if top.rank_interval is None or top.p_first is None:
        return f"Layer {top.layer} ranks first."
    low, high = top.rank_interval
    where = f"is {low:g}" if low == high else f"lies between {low:g} and {high:g}"
    return (
        f"Layer {top.layer} ranks first with the weights chosen; over all weights it is first with probability"
        f" {top.p_first:.2f}, and its rank {where} (5 to 95 %)."
    )


def _risk_table(preset: PresetSummary) -> ChartTable:
    columns = [
        ChartColumn("layer", "layer"),
        ChartColumn("risk", "index", "points"),
        ChartColumn("risk_without_confounded", "index without confounded", "points"),
        *(ChartColumn(f"points_{component}", words(component), "points") for component in preset.weights),
    ]
    rows = [
        (
            record.layer,
            record.risk,
            record.risk_without_confounded,
            *(record.contributions.get(component) for component in preset.weights),
        )
        for record in preset.layers
    ]
    return ChartTable(tuple(columns), tuple(rows))


def _risk_picture(preset: PresetSummary) -> Specification:
    shown = list(preset.weights)
    rows: list[dict[str, Any]] = [
        {"layer": record.layer, "part": words(component), "order": position, "points": record.contributions[component]}
        for record in preset.layers
        for position, component in enumerate(shown)
        if component in record.contributions
    ]
    curves = {WHOLE: [record.risk for record in preset.layers]}
    if preset.confounded:
        curves[REST] = [record.risk_without_confounded for record in preset.layers]
    rows += [
        {"layer": record.layer, "curve": curve, "value": value}
        for curve, values in curves.items()
        for record, value in zip(preset.layers, values, strict=True)
    ]
    x = layer_x([record.layer for record in preset.layers])
    many = crowded(len(preset.layers))
    bars = _stack(x, [words(component) for component in shown], {} if many else {"style": "edge"})
    line, dots = _curves(x, list(curves), 1.0 if many else 1.75)
    return chart_of(bars, line, *(() if many else (dots,)), rows=rows)


def _stack(x: alt.X, components: list[str], look: dict[str, Any]) -> Any:
    return (
        marks()
        .transform_filter("isValid(datum.part)")
        .mark_bar(**look)
        .encode(
            x=x,
            y=alt.Y("points:Q", title="index, points of 100", axis=alt.Axis(tickCount=5), stack="zero", scale=POINTS),
            color=alt.Color("part:O", title=None, sort=components, legend=legend_of(components)),
            order=alt.Order("order:Q"),
            tooltip=[
                WHERE_LAYER,
                alt.Tooltip("part:O", title="component"),
                alt.Tooltip("points:Q", title="points", format=".1f"),
            ],
        )
    )


def _curves(x: alt.X, names: list[str], stroke: float) -> tuple[Any, Any]:
    """The index, and dashed what is left of it without confounded components."""
    base = marks().transform_filter("isValid(datum.curve)")
    scale = alt.Scale(domain=names, range=[[1, 0], [5, 3]][: len(names)])
    dash = alt.StrokeDash("curve:N", title=None, scale=scale, legend=legend_of(names))
    line = base.mark_line(style="accent", strokeWidth=stroke).encode(x=x, y=alt.Y("value:Q"), strokeDash=dash)
    dots = base.mark_point(style="dot", filled=True, size=28, opacity=1).encode(
        x=x,
        y=alt.Y("value:Q"),
        tooltip=[
            WHERE_LAYER,
            alt.Tooltip("curve:N", title="curve"),
            alt.Tooltip("value:Q", title="points", format=".1f"),
        ],
    )
    return line, dots


def _rank_table(preset: PresetSummary) -> ChartTable:
    columns = (
        ChartColumn("layer", "layer"),
        ChartColumn("rank", "rank"),
        ChartColumn("rank_low", "rank, 5 %"),
        ChartColumn("rank_high", "rank, 95 %"),
        ChartColumn("p_first", "P(first)"),
        ChartColumn("p_top_three", "P(top three)"),
        ChartColumn("level", "level"),
    )
    rows = tuple(
        (
            record.layer,
            record.rank,
            *(record.rank_interval or (None, None)),
            record.p_first,
            record.p_top_three,
            record.level,
        )
        for record in preset.layers
    )
    return ChartTable(columns, rows)


def _rank_picture(preset: PresetSummary) -> Specification:
    rows = [
        {
            "layer": record.layer,
            "rank": record.rank,
            "low": None if record.rank_interval is None else record.rank_interval[0],
            "high": None if record.rank_interval is None else record.rank_interval[1],
            "first": record.p_first,
        }
        for record in preset.layers
    ]
    n = len(rows)
    x = layer_x([record.layer for record in preset.layers])
    y = alt.Y(
        "rank:Q",
        title="rank (1 is highest)",
        scale=alt.Scale(domain=[n + 0.5, 0.5], nice=False, zero=False),
        axis=alt.Axis(values=_rank_ticks(n), format="d"),
    )
    tooltip = [
        WHERE_LAYER,
        alt.Tooltip("rank:Q", title="rank"),
        alt.Tooltip("low:Q", title="5 %"),
        alt.Tooltip("high:Q", title="95 %"),
        alt.Tooltip("first:Q", title="P(first)", format=".2f"),
    ]
    band = marks().mark_bar(style="band").encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    line = marks().mark_line(style="curve").encode(x=x, y=y)
    dots = marks().mark_point(style="dot", filled=True, size=dot_size(n), opacity=1).encode(x=x, y=y, tooltip=tooltip)
    return chart_of(line, band, dots, rows=rows)


def _rank_ticks(n: int) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000, 10**6) if n <= 8 * step)
    return sorted({1, *range(step, n + 1, step)} - ({step} if step == 2 else set()))
