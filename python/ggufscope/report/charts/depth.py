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
    ends,
    layer_x,
    layers_in_words,
    log_ticks,
    marks,
    name,
    number,
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
    return Drawn(curve, preset.layers, values, _types(preset.layers, preset.reads.get(curve.score, [])))


def _value(entry: LayerRecord, score: str) -> float | None:
    if score in entry.scores:
        return entry.scores[score]
    return entry.components[score].raw if score in entry.components else None


def _types(layers: list[LayerRecord], roles: list[str]) -> list[str]:
    """The types a score reads at each layer.

    Where they differ, those of the roles that do, `"attn_v Q6_K"`; else all of them, each once, `"Q4_K + F32"`.
    """
    changing = [role for role in roles if len({entry.types.get(role) for entry in layers}) > 1]
    if changing:
        return [", ".join(f"{role} {_type(entry, role)}" for role in changing) for entry in layers]
    return [" + ".join(dict.fromkeys(_type(entry, role) for role in roles)) or "unknown" for entry in layers]


def _type(entry: LayerRecord, role: str) -> str:
    kind = entry.types.get(role)
    return "none" if kind is None else name(kind)


def _why(document: AnalysisDocument, about: DepthChart, presets: set[str]) -> str:
    wanted = {curve.preset for curve in about.curves}
    if not wanted & presets:
        return f"it needs the {' or '.join(sorted(wanted))} preset, which reads the model itself"
    forms = ("{0.score}", "{0.preset}: {0.score}", "{0.preset} risk: {0.score}")
    scores = {form.format(curve) for curve in about.curves for form in forms}
    reasons = [entry.reason for entry in document.applicability if entry.score in scores]
    return reasons[0] if reasons else "it is defined on no layer"


def _sentence(entry: Drawn, document: AnalysisDocument, about: DepthChart, *, alone: bool) -> str:
    lowest, highest = (pick(entry.known, key=lambda pair: pair[1]) for pick in (min, max))
    label = entry.curve.label[:1].upper() + entry.curve.label[1:]
    low, high = ends(lowest[1], highest[1], about.format)
    if lowest[1] == highest[1]:
        where = f"layer {lowest[0]}" if len(entry.known) == 1 else "every layer"
        text = f"{label}: {low} on {where}"
    else:
        low, high = f"{low} (layer {lowest[0]})", f"{high} (layer {highest[0]})"
        text = f"{label} lies between {low} and {high}" if alone else f"{label}: {low} to {high}"
    unknown = [layer.layer for layer, value in zip(entry.layers, entry.values, strict=True) if value is None]
    if unknown:
        text += f", undefined on {layers_in_words(unknown)}"
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
    axis = alt.Axis(tickCount=5, format=about.format)
    if about.logarithmic:
        axis.values = log_ticks(value for entry in shown for _, value in entry.known if value > 0)
    y = alt.Y("value:Q", title=about.axis, scale=scale, axis=axis)
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
    narrow = 2 if max(map(len, kinds)) <= 14 else 1
    columns = alt.ExprRef(f"width < 420 ? {narrow} : {0 if narrow > 1 else 2}")
    legend = alt.Legend(title="types read", titleOrient="top", columns=columns, labelLimit=280)
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
