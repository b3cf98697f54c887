"""Curves over the layers that are told apart by colour and shape, with one number each at every layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import altair as alt

from ..content.chart import ChartColumn, ChartTable
from .axes import WHERE_LAYER, chart_of, dot_size, layer_x, legend_of, marks, value_y
from .labels import PLAIN, equal_within
from .words import ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..content.chart import Specification


@dataclass(frozen=True)
class LayerCurve:
    """A quantity of every layer, from layer 0 on.

    Attributes:
        key: in the results.
        label: for readers.
        values: by layer; None where undefined.
    """

    key: str
    label: str
    values: Sequence[float | None]

    @property
    def known(self) -> list[tuple[int, float]]:
        """(layer, value) where there is one."""
        pairs = enumerate(self.values)
        return [(layer, value) for layer, value in pairs if value is not None and math.isfinite(value)]


def curve_sentence(curve: LayerCurve, *, percent: bool = False) -> str:
    """Where a curve is lowest and highest, or that it is flat."""
    low, high = (pick(curve.known, key=lambda pair: pair[1]) for pick in (min, max))
    least, most = ends(low[1], high[1], "%" if percent else "")
    label = curve.label[:1].upper() + curve.label[1:]
    if low[1] == high[1]:
        return f"{label}: {least} on every layer that has it."
    if equal_within(value for _, value in curve.known):
        return f"{label}: equal within 0.1 % on all layers, {least} to {most}."
    return f"{label}: {least} (layer {low[0]}) to {most} (layer {high[0]})."


def curve_table(curves: Sequence[LayerCurve], unit: str = "") -> ChartTable:
    """A row for each layer."""
    columns = (ChartColumn("layer", "layer"), *(ChartColumn(curve.key, curve.label, unit) for curve in curves))
    n_layers = max(len(curve.values) for curve in curves)
    rows = (
        (layer, *(curve.values[layer] if layer < len(curve.values) else None for curve in curves))
        for layer in range(n_layers)
    )
    return ChartTable(columns, tuple(rows))


def curve_picture(
    curves: Sequence[LayerCurve],
    *,
    logarithmic: bool = False,
    percent: bool = False,
    joined: bool = True,
    title: str | None = None,
) -> Specification:
    """Points, joined by lines unless few layers have one; what a logarithmic axis has no place for is left out."""
    rows = [
        {"layer": layer, "curve": curve.label, "value": value}
        for curve in curves
        for layer, value in curve.known
        if value > 0 or not logarithmic
    ]
    n_layers = max(len(curve.values) for curve in curves)
    labels = [curve.label for curve in curves]
    x = layer_x(range(n_layers))
    values = [value for curve in curves for _, value in curve.known]
    y = value_y(values, title, logarithmic=logarithmic, percent=percent)
    legend = legend_of(labels) if len(labels) > 1 else None
    scale = alt.Scale(domain=labels)
    colour = alt.Color("curve:N", title=None, sort=None, scale=scale, legend=legend)
    shape = alt.Shape("curve:N", title=None, sort=None, scale=scale, legend=legend)
    tooltip = [
        WHERE_LAYER,
        alt.Tooltip("curve:N", title="quantity"),
        alt.Tooltip("value:Q", title="value", format=".3~%" if percent else PLAIN),
    ]
    lines = marks().mark_line(style="curve").encode(x=x, y=y, detail="curve:N")
    points = marks().mark_point(filled=True, opacity=1, size=dot_size(n_layers))
    points = points.encode(x=x, y=y, color=colour, shape=shape, tooltip=tooltip)
    return chart_of(*([lines] if joined else []), points, rows=rows)
