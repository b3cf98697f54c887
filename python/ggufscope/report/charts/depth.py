"""Scores over depth: curves whose points are marked by the quantization types of the tensors that a score reads.

A step that follows the marks is the quantizer's, or may be: that is a confound, and here it is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt

from .chart import Chart, Column, Table
from .parts import (
    WHERE_LAYER,
    analysis_of,
    chart_of,
    dot_size,
    layer_x,
    marks,
    name,
    number,
    percent_or_number,
    presets_of,
)
from .registry import LeftOutError

if TYPE_CHECKING:
    from ...analysis.document import AnalysisDocument, LayerRecord, PresetSummary
    from ..data import ReportData
    from .chart import Specification

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
STATUS = {
    "flagged": "it follows the quantization types (partial η² {eta}), a confound",
    "single type": "the types it reads are the same on every layer",
    "not flagged": "the quantization types do not explain it",
    "not separable": "whether the quantization types explain it cannot be told",
}


@dataclass(frozen=True)
class Curve:
    """A score of a preset, or one of its components, and what to call it."""

    score: str
    label: str
    preset: str = "heuristic"


@dataclass(frozen=True)
class DepthChart:
    """What differs between these charts.

    Attributes:
        name: of the chart.
        title: what is seen.
        axis: what the vertical axis measures.
        definition: of the scores.
        curves: drawn where the analysis has them.
        format: of the axis, as d3 writes it; "%" for shares.
        logarithmic: whether the axis is.
        with_zeros: draw the zeros that the type of W_v explains.
    """

    name: str
    title: str
    axis: str
    definition: str
    curves: tuple[Curve, ...]
    format: str = "~g"
    logarithmic: bool = False
    with_zeros: bool = False


@dataclass(frozen=True)
class Drawn:
    """A curve with its values on every layer, and the types it reads there."""

    curve: Curve
    layers: list[LayerRecord]
    values: list[float | None]
    types: list[str]

    @property
    def known(self) -> list[tuple[int, float]]:
        """(layer, value) where there is one."""
        pairs = zip(self.layers, self.values, strict=True)
        return [(entry.layer, value) for entry, value in pairs if value is not None]


def depth_chart(data: ReportData, about: DepthChart) -> Chart:
    """The chart; LeftOutError where the analysis has none of its curves."""
    document = analysis_of(data).document
    presets = {preset.name: preset for preset in presets_of(data)}
    found = [_drawn(curve, presets[curve.preset]) for curve in about.curves if curve.preset in presets]
    shown = [entry for entry in found if entry.known]
    if not shown:
        raise LeftOutError(_why(document, about, set(presets)))
    sentence = " ".join(_sentence(entry, document, about, alone=len(shown) == 1) for entry in shown)
    marked = "The marks are the quantization types of the tensors it reads."
    zeros = " Grey bars: the share of exact zeros that ggml's quantizer makes of Gaussian to Laplace weights."
    return Chart(
        name=about.name,
        title=about.title,
        sentence=sentence,
        definition=f"{about.definition} {marked}{zeros if about.with_zeros else ''}",
        alt=f"{'A line' if len(shown) == 1 else f'{len(shown)} lines'} over {len(shown[0].layers)} layers. {sentence}",
        table=_table(shown, about),
        specification=_picture(shown, about),
    )


def _drawn(curve: Curve, preset: PresetSummary) -> Drawn:
    values = [_value(entry, curve.score) for entry in preset.layers]
    roles = preset.reads.get(curve.score, [])
    return Drawn(curve, preset.layers, values, [_types(entry, roles) for entry in preset.layers])


def _value(entry: LayerRecord, score: str) -> float | None:
    if score in entry.scores:
        return entry.scores[score]
    return entry.components[score].raw if score in entry.components else None


def _types(entry: LayerRecord, roles: list[str]) -> str:
    """`"Q4_K + F32"`: the types a score reads at a layer, each once."""
    found = dict.fromkeys(name(kind) for role in roles if (kind := entry.types.get(role)) is not None)
    return " + ".join(found) or "unknown"


def _why(document: AnalysisDocument, about: DepthChart, presets: set[str]) -> str:
    wanted = {curve.preset for curve in about.curves}
    if not wanted & presets:
        return f"it needs the {' or '.join(sorted(wanted))} preset, which reads the model itself"
    scores = {curve.score for curve in about.curves} | {f"{curve.preset}: {curve.score}" for curve in about.curves}
    reasons = [entry.reason for entry in document.applicability if entry.score in scores]
    return reasons[0] if reasons else "it is defined on no layer"


def _sentence(entry: Drawn, document: AnalysisDocument, about: DepthChart, *, alone: bool) -> str:
    lowest, highest = (pick(entry.known, key=lambda pair: pair[1]) for pick in (min, max))
    label = entry.curve.label[:1].upper() + entry.curve.label[1:]
    if lowest[1] == highest[1]:
        same = percent_or_number(lowest[1], about.format)
        text = f"{label}: {same} on {'its one layer' if len(entry.layers) == 1 else 'every layer'}"
    else:
        ends = [f"{percent_or_number(value, about.format)} (layer {layer})" for layer, value in (lowest, highest)]
        text = f"{label} lies between {ends[0]} and {ends[1]}" if alone else f"{label}: {ends[0]} to {ends[1]}"
    outcome = next((record for record in document.confounds if record.quantity == entry.curve.score), None)
    if outcome is None or outcome.status not in STATUS or (not alone and outcome.status != "flagged"):
        return f"{text}."
    return f"{text}; {STATUS[outcome.status].format(eta=number(outcome.partial_eta_squared))}."


def _table(shown: list[Drawn], about: DepthChart) -> Table:
    columns = [Column("layer", "layer")]
    for entry in shown:
        unit = "share" if about.format == "%" else ""
        columns.append(Column(_key(entry, shown), f"{entry.curve.label}", unit))
    columns += [Column(f"types_{_key(entry, shown)}", f"types, {entry.curve.label}") for entry in shown]
    if about.with_zeros:
        columns += [Column(key, label, "share") for key, label in ZEROS.items()]
    rows = []
    for position, layer in enumerate(shown[0].layers):
        values = [entry.values[position] for entry in shown]
        types = [entry.types[position] for entry in shown]
        rows.append((layer.layer, *values, *types, *(_zeros(layer) if about.with_zeros else ())))
    return Table(tuple(columns), tuple(rows))


ZEROS = {"zero_fraction": "zeros", "expected_low": "expected zeros, least", "expected_high": "expected zeros, most"}


def _zeros(entry: LayerRecord) -> tuple[float | None, float | None, float | None]:
    zeros = entry.value_zeros
    low, high = zeros.expected_zero_fraction or (None, None)
    return zeros.zero_fraction, low, high


def _key(entry: Drawn, shown: list[Drawn]) -> str:
    """The score, with its preset where another preset has one of the same name."""
    same = [other for other in shown if other.curve.score == entry.curve.score]
    return entry.curve.score if len(same) == 1 else f"{entry.curve.preset}_{entry.curve.score}"


def _picture(shown: list[Drawn], about: DepthChart) -> Specification:
    rows: list[dict[str, Any]] = [
        {"layer": layer.layer, "curve": entry.curve.label, "value": value, "types": types}
        for entry in shown
        for layer, value, types in zip(entry.layers, entry.values, entry.types, strict=True)
    ]
    layers = [layer.layer for layer in shown[0].layers]
    x = layer_x(layers)
    scale = alt.Scale(type="log") if about.logarithmic else alt.Scale(zero=about.with_zeros, nice=True)
    y = alt.Y("value:Q", title=about.axis, scale=scale, axis=alt.Axis(tickCount=5, format=about.format))
    parts = []
    if about.with_zeros:
        rows += [{"layer": layer.layer, "low": _zeros(layer)[1], "high": _zeros(layer)[2]} for layer in shown[0].layers]
        parts.append(_expected(x))
    curves = marks().transform_filter("isValid(datum.curve)")
    labels = [entry.curve.label for entry in shown]
    dash = alt.StrokeDash(
        "curve:N",
        title=None,
        legend=None if len(shown) == 1 else alt.Legend(symbolStrokeWidth=1.5, symbolSize=300),
        scale=alt.Scale(domain=labels, range=list(DASHES[: len(labels)])),
    )
    parts.append(curves.mark_line(style="curve").encode(x=x, y=y, strokeDash=dash))
    kinds = list(dict.fromkeys(kind for entry in shown for kind in entry.types))
    parts.append(_dots(curves.encode(x=x, y=y), kinds, about, dot_size(len(layers))))
    return chart_of(*parts, rows=rows)


def _dots(curves: Any, kinds: list[str], about: DepthChart, size: int) -> Any:
    """Marks whose shape and colour are the types."""
    scale = alt.Scale(domain=kinds)
    legend = alt.Legend(title="types read")
    return curves.mark_point(filled=True, opacity=1, size=size).encode(
        color=alt.Color("types:N", scale=scale, legend=legend),
        shape=alt.Shape("types:N", scale=scale, legend=legend),
        tooltip=[
            WHERE_LAYER,
            alt.Tooltip("curve:N", title="score"),
            alt.Tooltip("value:Q", title="value", format=".2%" if about.format == "%" else ".4~g"),
            alt.Tooltip("types:N", title="types"),
        ],
    )


def _expected(x: alt.X) -> Any:
    """Bars from the least to the most zeros that the type explains."""
    return (
        marks()
        .transform_filter("isValid(datum.low)")
        .transform_calculate(what="'zeros its type explains'")
        .mark_bar(style="band", minBandSize=3)
        .encode(
            x=x,
            y=alt.Y("low:Q"),
            y2="high:Q",
            opacity=alt.Opacity(
                "what:N", title=None, scale=alt.Scale(range=[1]), legend=alt.Legend(symbolType="square")
            ),
        )
    )
