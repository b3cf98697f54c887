"""Charts of what stands out: the quantities, by layer, that kinds of findings were judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts.wording import kind_sentence
from ...text.escape import escape
from ..content.chart import STANDOUTS, Chart, ChartColumn, ChartTable
from .heads import head_picture
from .layer_curves import LayerCurve, curve_picture, curve_sentence, curve_table
from .registry import NotAskedError, chart
from .words import ends, name, stem, unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...runtime.standout_document import LayerSeries, StandoutKind
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
    drawn = [LayerCurve(key, captions[key], row) for key, row in curves.items()]
    said = " ".join(map(curve_sentence, drawn))
    return Chart(
        name=stem("standout", record.kind),
        title=f"{name(record.title)} by layer",
        sentence=escape(kind_sentence(record)),
        definition=escape(record.definition),
        alt=f"{len(curves)} lines over {n_layers} layers. {said}",
        table=curve_table(drawn),
        specification=curve_picture(drawn, logarithmic=logarithmic, title=_axis_title(drawn)),
        section=STANDOUTS,
        family="standout-layers",
        panel=f"{name(record.title)}: {drawn[0].label}" if len(drawn) == 1 else name(record.title),
    )


def _axis_title(curves: Sequence[LayerCurve]) -> str | None:
    """What the axis of one curve measures, where that is short; a legend tells it of several."""
    alone = curves[0].label if len(curves) == 1 else ""
    return alone if 0 < len(alone) <= _AXIS_CAPTION else None


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
        family="standout-heads",
        panel=label[:1].upper() + label[1:],
    )
