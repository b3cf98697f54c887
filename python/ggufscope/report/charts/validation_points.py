"""Predicted against measured, point by point: layers, or heads, of the quantities that matter most.

The rest is in the chart of orders, and in the table `validation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt

from ...text.escape import escape
from ..content.chart import VALIDATION, Chart, ChartColumn, ChartTable
from .access import validation_of
from .axes import WHERE_LAYER, chart_of, legend_of, marks
from .labels import PLAIN, number_label
from .registry import LeftOutError, chart
from .validation_words import BASELINE, INTERVALS, order_sentence, predictor_order, quantity_labels
from .words import listed, name, stem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...validation.quantity_document import Predictor, Quantity
    from ..content.chart import Specification
    from ..content.results import ReportData

SHOWN = ("head_entropy", "attention_entropy", "ffn_attention_ratio", "v_near_zero_share", "residual_rms", "risk")
MANY = 400  # points, beyond which bars of intervals would hide them
UNITS = {"share": "share", "nats": "nats", "points": "points of 100"}


@dataclass(frozen=True)
class Scatter:
    """A quantity, and the predictions that share an axis: those in its unit, or else those that only order."""

    quantity: Quantity
    predictions: list[Predictor]
    sized: bool


def _scatter(data: ReportData, wanted: str) -> Scatter:
    """LeftOutError where there is nothing to draw."""
    quantity = next((quantity for quantity in validation_of(data).quantities if quantity.name == wanted), None)
    if quantity is None:
        raise LeftOutError("it was not compared")
    if not quantity.points:
        raise LeftOutError(f"nothing was measured: {name(quantity.note or 'no reason is known')}")
    predictions = [predictor for predictor in quantity.predictors if predictor.role != BASELINE]
    if not predictions:
        reasons = "; ".join(f"{name(source)}: {reason}" for source, reason in quantity.missing.items())
        raise LeftOutError(f"nothing predicts it ({reasons or 'no reason is known'})")
    sized = [predictor for predictor in predictions if predictor.size is not None]
    return Scatter(quantity, sized or predictions, bool(sized))


def _register(wanted: str) -> None:
    @chart(stem("validation", wanted))
    def draw(data: ReportData) -> Iterator[Chart]:
        yield _chart(_scatter(data, wanted), _predictors(data))

    draw.__doc__ = f"Predicted against measured, a point for each layer or head: {wanted.replace('_', ' ')}."


for _wanted in SHOWN:
    _register(_wanted)


def _predictors(data: ReportData) -> list[str]:
    """Every prediction of the validation, so that each looks the same beside every quantity."""
    quantities = validation_of(data).quantities
    there = {each.name for quantity in quantities for each in quantity.predictors if each.role != BASELINE}
    return [source for source in predictor_order(quantities) if source in there]


def _chart(shown: Scatter, predictors: list[str]) -> Chart:
    quantity = shown.quantity
    (label,) = quantity_labels([quantity])
    tested = [predictor for predictor in quantity.predictors if predictor.role != BASELINE]
    sentence = order_sentence(tested, [predictor for predictor in quantity.predictors if predictor.role == BASELINE])
    line = " On the dashed line the two are equal." if shown.sized else " Only the order is predicted, not the size."
    bars = f" Bars: {INTERVALS}." if _with_bars(quantity) else ""
    others = [predictor.name for predictor in tested if predictor not in shown.predictions]
    elsewhere = f" Not in this unit, and not drawn: {listed(others)}." if others else ""
    return Chart(
        name=stem("validation", quantity.name),
        title=f"Predicted against measured: {label}",
        sentence=sentence,
        definition=(
            f"Measured: {escape(quantity.definition)}, {escape(quantity.combined)}. One point for each"
            f" {name(quantity.per)} and predictor; lighter ones lie deeper.{line}{bars}{elsewhere}"
        ),
        alt=f"Points, measured over predicted, of {len(quantity.points)} {name(quantity.per)}s. {sentence}",
        table=_table(shown),
        specification=_picture(shown, predictors),
        section=VALIDATION,
        family="validation-points",
        panel=f"{label[:1].upper()}{label[1:]}{f' ({unit})' if (unit := UNITS.get(quantity.unit, '')) else ''}",
    )


def _with_bars(quantity: Quantity) -> bool:
    return len(quantity.points) <= MANY and any(point.low is not None for point in quantity.points)


def _table(shown: Scatter) -> ChartTable:
    columns = (
        ChartColumn("layer", "layer"),
        ChartColumn("head", "head"),
        ChartColumn("by", "predicted by"),
        ChartColumn("predicted", "predicted"),
        ChartColumn("measured", "measured"),
        ChartColumn("measured_low", "measured, 2.5 %"),
        ChartColumn("measured_high", "measured, 97.5 %"),
    )
    rows = tuple(
        (
            point.layer,
            point.head,
            predictor.name,
            point.predicted[predictor.name],
            point.measured,
            point.low,
            point.high,
        )
        for predictor in shown.predictions
        for point in shown.quantity.points
    )
    return ChartTable(columns, rows)


def _picture(shown: Scatter, predictors: list[str]) -> Specification:
    names = [predictor.name for predictor in shown.predictions]
    rows: list[dict[str, Any]] = [
        {
            "layer": point.layer,
            "head": point.head,
            "by": source,
            "predicted": point.predicted[source],
            "measured": point.measured,
            "low": point.low,
            "high": point.high,
        }
        for source in names
        for point in shown.quantity.points
        if point.predicted[source] is not None
    ]
    unit = UNITS.get(shown.quantity.unit, "")
    behind = f" ({unit})" if unit else ""
    x, y = (
        alt.X(
            "predicted:Q",
            title=f"predicted{behind}",
            scale=alt.Scale(zero=False),
            axis=alt.Axis(grid=True, tickCount=5, labelExpr=number_label()),
        ),
        alt.Y(
            "measured:Q",
            title=f"measured{behind}",
            scale=alt.Scale(zero=False),
            axis=alt.Axis(tickCount=5, labelExpr=number_label()),
        ),
    )
    dots = _dots(rows, predictors).encode(x=x, y=y)
    parts = [dots]
    if _with_bars(shown.quantity):
        parts.insert(0, _bars(x))
    if shown.sized and rows:
        rows += [{"equal": end} for end in _ends(rows)]
        parts.insert(0, _equal())
    return chart_of(*parts, rows=rows, height=250)


def _dots(rows: list[dict[str, Any]], by: list[str]) -> Any:
    """Points whose shade is the depth and whose shape the predictor."""
    layers = [row["layer"] for row in rows]
    depth = alt.Color(
        "layer:Q",
        scale=alt.Scale(domain=[min(layers), max(layers)], nice=False) if layers else alt.Undefined,
        legend=alt.Legend(title="layer", gradientLength=110, tickMinStep=1, format="d"),
    )
    tooltip = [
        WHERE_LAYER,
        *([alt.Tooltip("head:O", title="head")] if any(row["head"] is not None for row in rows) else []),
        alt.Tooltip("by:N", title="predicted by"),
        alt.Tooltip("predicted:Q", title="predicted", format=PLAIN),
        alt.Tooltip("measured:Q", title="measured", format=PLAIN),
        alt.Tooltip("low:Q", title="2.5 %", format=PLAIN),
        alt.Tooltip("high:Q", title="97.5 %", format=PLAIN),
    ]
    return (
        marks()
        .transform_filter("isValid(datum.predicted)")
        .mark_point(style="ringed", filled=True, opacity=1, size=60 if len(rows) <= MANY else 26)
        .encode(
            color=depth,
            shape=alt.Shape(
                "by:N",
                scale=alt.Scale(domain=by),
                sort=None,
                legend=legend_of(by, title="predicted by", titleOrient="top"),
            ),
            tooltip=tooltip,
        )
    )


def _bars(x: alt.X) -> Any:
    return (
        marks()
        .transform_filter("isValid(datum.low)")
        .mark_rule(style="curve", strokeWidth=1)
        .encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    )


def _ends(rows: list[dict[str, Any]]) -> list[float]:
    """Where a line of equality begins and ends: at the least and the largest of what is drawn."""
    values = [row[key] for row in rows for key in ("predicted", "measured") if row[key] is not None]
    return [min(values), max(values)]


def _equal() -> Any:
    return (
        marks()
        .transform_filter("isValid(datum.equal)")
        .mark_line(style="curve", strokeDash=[4, 3])
        .encode(x=alt.X("equal:Q"), y=alt.Y("equal:Q"))
    )
