"""How scores over depth are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import altair as alt

from .axes import WHERE_LAYER, chart_of, dot_size, layer_x, legend_of, marks, value_y
from .curves import zeros
from .labels import PLAIN

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
    values = [value for line in shown for _, value in line.known]
    y = value_y(values, about.axis, logarithmic=about.logarithmic, percent=about.percent, zero=about.with_zeros)
    parts = []
    if about.with_zeros:
        rows += [{"layer": layer.layer, "low": zeros(layer)[1], "high": zeros(layer)[2]} for layer in shown[0].layers]
        parts.append(_expected(x))
    curves = marks().transform_filter("isValid(datum.curve)")
    labels = [line.curve.label for line in shown]
    kinds = list(dict.fromkeys(row["types"] for row in rows if row.get("value") is not None))
    if len(kinds) == 1 and len(shown) > 1:
        lines = curves.mark_line(style="curve").encode(x=x, y=y, detail="curve:N")
        parts += [lines, _dots(curves.encode(x=x, y=y), "curve", labels, about, dot_size(len(layers)))]
        return chart_of(*parts, rows=rows)
    dash = alt.StrokeDash(
        "curve:N",
        title=None,
        legend=None if len(shown) == 1 else legend_of(labels, symbolStrokeWidth=1.5, symbolSize=300),
        scale=alt.Scale(domain=labels, range=list(DASHES[: len(labels)])),
    )
    parts.append(curves.mark_line(style="curve").encode(x=x, y=y, strokeDash=dash))
    parts.append(_dots(curves.encode(x=x, y=y), "types", kinds, about, dot_size(len(layers))))
    return chart_of(*parts, rows=rows)


def _rows(line: DrawnCurve, about: DepthChart) -> list[dict[str, Any]]:
    """The points of a curve; what a logarithmic axis has no place for is left out."""
    values = [None if about.logarithmic and value is not None and value <= 0 else value for value in line.values]
    return [
        {"layer": layer.layer, "curve": line.curve.label, "value": value, "types": types}
        for layer, value, types in zip(line.layers, values, line.types, strict=True)
    ]


def _dots(curves: Any, by: Literal["curve", "types"], kinds: list[str], about: DepthChart, size: int) -> Any:
    """Marks whose shape and colour are the types, or where there is one type the curves."""
    scale = alt.Scale(domain=kinds)
    title = "types read" if by == "types" else None
    # Of a single type the definition tells; where there are more, a step between them is what to look for.
    legend = legend_of(kinds, title=title, titleOrient="top") if len(kinds) > 1 else None
    return curves.mark_point(filled=True, opacity=1, size=size).encode(
        color=alt.Color(f"{by}:N", sort=None, scale=scale, legend=legend),
        shape=alt.Shape(f"{by}:N", sort=None, scale=scale, legend=legend),
        tooltip=[
            WHERE_LAYER,
            alt.Tooltip("curve:N", title="score"),
            alt.Tooltip("value:Q", title="value", format=".2%" if about.percent else PLAIN),
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
