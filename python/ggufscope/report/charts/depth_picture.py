"""How scores over depth are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from .axes import WHERE_LAYER, chart_of, dot_size, layer_x, log_ticks, marks
from .curves import zeros

if TYPE_CHECKING:
    from ..content.chart import Specification
    from .curves import DepthChart, DrawnCurve

EXPLAINED = "zeros its type explains"
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


def picture(shown: list[DrawnCurve], about: DepthChart) -> Specification:
    """Curves told apart by their dashes, points by shape and colour."""
    rows = [row for line in shown for row in _rows(line, about)]
    layers = [layer.layer for layer in shown[0].layers]
    x = layer_x(layers)
    scale = alt.Scale(type="log") if about.logarithmic else alt.Scale(zero=about.with_zeros, nice=True)
    axis = alt.Axis(tickCount=5, format=about.format)
    if about.logarithmic:
        axis.values = log_ticks(value for line in shown for _, value in line.known if value > 0)
    y = alt.Y("value:Q", title=about.axis, scale=scale, axis=axis)
    parts = []
    if about.with_zeros:
        rows += [{"layer": layer.layer, "low": zeros(layer)[1], "high": zeros(layer)[2]} for layer in shown[0].layers]
        parts.append(_expected(x))
    curves = marks().transform_filter("isValid(datum.curve)")
    labels = [line.curve.label for line in shown]
    dash = alt.StrokeDash(
        "curve:N",
        title=None,
        legend=None if len(shown) == 1 else alt.Legend(symbolStrokeWidth=1.5, symbolSize=300),
        scale=alt.Scale(domain=labels, range=list(DASHES[: len(labels)])),
    )
    parts.append(curves.mark_line(style="curve").encode(x=x, y=y, strokeDash=dash))
    kinds = list(dict.fromkeys(row["types"] for row in rows if row.get("value") is not None))
    parts.append(_dots(curves.encode(x=x, y=y), kinds, about, dot_size(len(layers))))
    return chart_of(*parts, rows=rows)


def _rows(line: DrawnCurve, about: DepthChart) -> list[dict[str, Any]]:
    """The points of a curve; what a logarithmic axis has no place for is left out."""
    values = [None if about.logarithmic and value is not None and value <= 0 else value for value in line.values]
    return [
        {"layer": layer.layer, "curve": line.curve.label, "value": value, "types": types}
        for layer, value, types in zip(line.layers, values, line.types, strict=True)
    ]


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
    scale = alt.Scale(type="ordinal", domain=[EXPLAINED], range=[1])  # for the sake of its legend
    return (
        marks()
        .transform_filter("isValid(datum.low)")
        .transform_calculate(what=f"'{EXPLAINED}'")
        .mark_bar(style="band", minBandSize=3)
        .encode(
            x=x,
            y=alt.Y("low:Q"),
            y2="high:Q",
            opacity=alt.Opacity("what:O", title=None, scale=scale, legend=alt.Legend(symbolType="square")),
        )
    )
