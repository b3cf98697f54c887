"""Charts of what stands out: the quantities, by layer, that kinds of findings were judged by."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import altair as alt

from ...runtime.standouts.wording import kind_sentence
from ...text.escape import escape
from ..content.chart import STANDOUTS, Chart, ChartColumn, ChartTable
from .axes import WHERE_LAYER, chart_of, dot_size, layer_x, log_ticks, marks
from .heads import head_picture
from .registry import NotAskedError, chart
from .words import ends, name, stem, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...runtime.standout_document import LayerSeries, StandoutKind
    from ..content.chart import Specification
    from ..content.results import ReportData

Row = list[float | None]

_MOST_LAYERS = 2000
_LONGEST_CAPTION = 60
_AXIS_CAPTION = 36  # characters beside an axis


@chart("standouts")
def standouts(data: ReportData) -> Iterator[Chart]:
    """For every kind with findings a chart of its quantities by layer, and a map of each by layer and head."""
    kinds = data.standouts
    drawn = [drawing for record in kinds or () if record.n_found for drawing in _of_kind(record)]
    if not drawn:
        raise NotAskedError
    yield from drawn


def _of_kind(record: StandoutKind) -> Iterator[Chart]:
    curves = {key: row for key, series in record.series.items() if (row := _row(series)) is not None}
    if curves:
        yield _curves(record, curves)
    for key, series in record.series.items():
        table = _map(series)
        if table is not None:
            yield _heads(record, key, series.caption, table)


def _row(series: LayerSeries) -> Row | None:
    """The values by layer; None for a map, and for a series without numbers."""
    values = [value for value in series.values if not isinstance(value, list)]
    known = [value for value in values if value is not None and (value > 0 or not series.logarithmic)]
    return values if known and len(values) == len(series.values) <= _MOST_LAYERS else None


def _map(series: LayerSeries) -> list[Row] | None:
    rows = [row for row in series.values if isinstance(row, list)]
    return rows if any(value is not None for row in rows for value in row) and len(rows) <= _MOST_LAYERS else None


def _curves(record: StandoutKind, curves: dict[str, Row]) -> Chart:
    captions = dict(zip(curves, unique([record.series[key].caption for key in curves], _LONGEST_CAPTION), strict=True))
    logarithmic = any(record.series[key].logarithmic for key in curves)
    n_layers = max(map(len, curves.values()))
    said = " ".join(_extremes(captions[key], row) for key, row in curves.items())
    return Chart(
        name=stem("standout", record.kind),
        title=f"{name(record.title)} by layer",
        sentence=escape(kind_sentence(record)),
        definition=escape(record.definition),
        alt=f"{len(curves)} lines over {n_layers} layers. {said}",
        table=ChartTable(
            (ChartColumn("layer", "layer"), *(ChartColumn(key, captions[key]) for key in curves)),
            tuple(
                (layer, *(row[layer] if layer < len(row) else None for row in curves.values()))
                for layer in range(n_layers)
            ),
        ),
        specification=_curve_picture(curves, captions, n_layers, logarithmic=logarithmic),
        section=STANDOUTS,
    )


def _extremes(caption: str, row: Row) -> str:
    known = [(value, layer) for layer, value in enumerate(row) if value is not None]
    (low, at_low), (high, at_high) = min(known), max(known)
    label = caption[:1].upper() + caption[1:]
    if low == high:
        return f"{label}: {ends(low, high)[0]} on every layer that has it."
    least, most = ends(low, high)
    return f"{label}: {least} (layer {at_low}) to {most} (layer {at_high})."


def _curve_picture(
    curves: dict[str, Row], captions: dict[str, str], n_layers: int, *, logarithmic: bool
) -> Specification:
    rows = [
        {"layer": layer, "curve": captions[key], "value": value}
        for key, row in curves.items()
        for layer, value in enumerate(row)
        if value is not None and math.isfinite(value) and (value > 0 or not logarithmic)
    ]
    x = layer_x(range(n_layers))
    axis = alt.Axis(tickCount=5, format="~g")
    if logarithmic:
        axis.values = log_ticks(float(str(row["value"])) for row in rows)
    scale = alt.Scale(type="log") if logarithmic else alt.Scale(zero=False, nice=True)
    alone = next(iter(captions.values())) if len(captions) == 1 else ""
    named = 0 < len(alone) <= _AXIS_CAPTION
    y = alt.Y("value:Q", title=alone if named else None, scale=scale, axis=axis)
    legend = None if named else alt.Legend(labelLimit=300, columns=1)
    colour = alt.Color("curve:N", title=None, scale=alt.Scale(domain=list(captions.values())), legend=legend)
    shape = alt.Shape("curve:N", title=None, scale=alt.Scale(domain=list(captions.values())), legend=legend)
    tooltip = [WHERE_LAYER, alt.Tooltip("curve:N", title="quantity"), alt.Tooltip("value:Q", format=".4~g")]
    lines = marks().mark_line(style="curve").encode(x=x, y=y, detail="curve:N")
    points = marks().mark_point(filled=True, opacity=1, size=dot_size(n_layers))
    return chart_of(lines, points.encode(x=x, y=y, color=colour, shape=shape, tooltip=tooltip), rows=rows)


def _heads(record: StandoutKind, key: str, caption: str, table: list[Row]) -> Chart:
    rows = [(layer, head, value) for layer, values in enumerate(table) for head, value in enumerate(values)]
    known = [(value, layer, head) for layer, head, value in rows if value is not None]
    (low, *at_low), (high, *at_high) = min(known), max(known)
    least, most = ends(low, high)
    label = name(caption, _LONGEST_CAPTION)
    said = (
        f"Lowest in head {at_low[1]} of layer {at_low[0]} ({least}), highest in head {at_high[1]} of layer"
        f" {at_high[0]} ({most})."
    )
    return Chart(
        name=stem("standout", record.kind, key),
        title=f"{name(record.title)}: {label}, by layer and head",
        sentence=escape(kind_sentence(record)),
        definition=escape(record.definition),
        alt=f"A map of {len(table)} layers and {max(map(len, table))} heads. {said}",
        table=ChartTable(
            (ChartColumn("layer", "layer"), ChartColumn("head", "head"), ChartColumn(key, label)), tuple(rows)
        ),
        specification=head_picture(rows, list(range(len(table))), label),
        section=STANDOUTS,
    )
