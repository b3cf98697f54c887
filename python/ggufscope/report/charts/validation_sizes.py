"""How far predicted sizes are from measured ones, beside what a single number for all layers or heads would achieve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import altair as alt

from ..content.chart import VALIDATION, Chart, ChartColumn, ChartTable
from .access import validation_of
from .axes import MOST_ROLES, chart_of
from .labels import percent_label
from .registry import LeftOutError, chart
from .validation_words import INTERVALS, bars, by_predictor, lines, predictor_order, quantity_labels
from .words import listed, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...validation.quantity_document import Predictor, Quantity, Size
    from ..content.chart import Specification
    from ..content.results import ReportData

LINE = 16  # pixels of a predictor
MOST_QUANTITIES = MOST_ROLES


class Sized(NamedTuple):
    """A predictor in the unit of what was measured."""

    quantity: Quantity
    predictor: Predictor
    size: Size


@chart("validation-sizes")
def validation_sizes(data: ReportData) -> Iterator[Chart]:
    """The relative error of every quantity that some source predicts in its own unit."""
    quantities = validation_of(data).quantities
    found = [
        Sized(quantity, predictor, predictor.size)
        for quantity in quantities
        for predictor in quantity.predictors
        if predictor.size is not None
    ]
    relative = [each for each in found if each.size.kind == "relative"]
    if not relative:
        raise LeftOutError("nothing was predicted in the unit in which it was measured, but shares at most")
    sentence = _sentence(relative)
    yield Chart(
        name="validation-sizes",
        title="How far off are predicted sizes?",
        sentence=sentence,
        definition=(
            f"{_WORD[_is_median(relative)].capitalize()} magnitude of predicted / measured − 1 over the layers; bars:"
            f" {INTERVALS}. The stroke is the same of one number for all layers, the best that is known after"
            " measuring: a prediction left of it says more than that. Errors of shares are differences; they are in the"
            " table."
        ),
        alt=f"Dots, bars and strokes for each of {len(_quantities(relative))} quantities. {sentence}",
        table=_table(found),
        specification=_picture(relative, predictor_order(quantities)),
        section=VALIDATION,
    )


_WORD = {True: "median", False: "mean"}


def _is_median(found: list[Sized]) -> bool:
    """Whether errors are told by their median, as since schema 2."""
    return all(each.size.median_absolute is not None for each in found)


def _quantities(found: list[Sized]) -> list[Quantity]:
    return list({each.quantity.name: each.quantity for each in found}.values())[:MOST_QUANTITIES]


def _sentence(relative: list[Sized]) -> str:
    parts = []
    for source in predictor_order(_quantities(relative)):
        own = [each for each in relative if each.predictor.name == source]
        if own:
            ends = [pick(own, key=lambda each: each.size.magnitude.value) for pick in (min, max)]
            texts = [f"{100 * each.size.magnitude.value:.0f} % ({name(each.quantity.label)})" for each in ends]
            parts.append(f"{source} by {' to '.join(dict.fromkeys(texts))}")
    return f"Sizes are off in the {_WORD[_is_median(relative)]}: {listed(parts)}."


def _table(found: list[Sized]) -> ChartTable:
    word = _WORD[_is_median(found)]
    columns = (
        ChartColumn("quantity", "measured"),
        ChartColumn("per", "of"),
        ChartColumn("by", "predicted by"),
        ChartColumn("kind", "error"),
        ChartColumn("mean", "mean error"),
        ChartColumn("mean_absolute", "mean magnitude"),
        ChartColumn("magnitude", f"{word} magnitude"),
        ChartColumn("magnitude_low", f"{word} magnitude, 2.5 %"),
        ChartColumn("magnitude_high", f"{word} magnitude, 97.5 %"),
        ChartColumn("lowest", "lowest"),
        ChartColumn("highest", "highest"),
        ChartColumn("constant", "of a constant"),
        ChartColumn("verdict", "verdict"),
    )
    rows = tuple(
        (
            quantity.label,
            quantity.per,
            predictor.name,
            size.kind,
            size.mean.value,
            size.mean_absolute.value,
            size.magnitude.value,
            size.magnitude.low,
            size.magnitude.high,
            size.lowest,
            size.highest,
            size.constant,
            size.verdict,
        )
        for quantity, predictor, size in found
    )
    return ChartTable(columns, rows)


def _picture(relative: list[Sized], predictors: list[str]) -> Specification:
    quantities = _quantities(relative)
    labels = dict(zip((quantity.name for quantity in quantities), quantity_labels(quantities), strict=True))
    there = {each.predictor.name for each in relative}
    shown = [source for source in predictors if source in there]
    rows: list[dict[str, Any]] = [
        {
            "quantity": labels[quantity.name],
            "by": predictor.name,
            "error": size.magnitude.value,
            "low": size.magnitude.low,
            "high": size.magnitude.high,
            "constant": size.constant,
            "mean": size.mean.value,
            "verdict": name(size.verdict or "no verdict"),
        }
        for quantity, predictor, size in relative
        if quantity.name in labels
    ]
    base = lines(list(labels.values()), shown)
    axis = alt.Axis(grid=True, tickCount=5, labelExpr=percent_label())
    x = alt.X(
        "error:Q",
        title=f"{_WORD[_is_median(relative)]} relative error",
        scale=alt.Scale(zero=True),
        axis=axis,
    )
    colour, shape = by_predictor(predictors, shown)
    tooltip = [
        alt.Tooltip("quantity:N", title="measured"),
        alt.Tooltip("by:N", title="predicted by"),
        alt.Tooltip("error:Q", title=f"{_WORD[_is_median(relative)]} magnitude", format=".1%"),
        alt.Tooltip("low:Q", title="2.5 %", format=".1%"),
        alt.Tooltip("high:Q", title="97.5 %", format=".1%"),
        alt.Tooltip("mean:Q", title="mean error", format="+.1%"),
        alt.Tooltip("constant:Q", title="of a constant", format=".1%"),
        alt.Tooltip("verdict:N", title="verdict"),
    ]
    strokes = base.mark_tick(style="stroke", thickness=2, size=LINE - 4).encode(x=alt.X("constant:Q"), tooltip=tooltip)
    dots = base.mark_point(filled=True, opacity=1, size=55).encode(x=x, color=colour, shape=shape, tooltip=tooltip)
    return chart_of(strokes, bars(base, colour), dots, rows=rows, height=(LINE * len(shown) + 8) * len(labels))
