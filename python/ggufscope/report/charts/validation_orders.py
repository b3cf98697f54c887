"""Whether predicted orders are those that were measured: rank correlations of all quantities and predictors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ...text.escape import escape
from ...validation.wording import count_sentences
from ..content.chart import VALIDATION, Chart, ChartColumn, ChartTable
from .access import validation_of
from .axes import MOST_ROLES, chart_of
from .registry import LeftOutError, chart
from .validation_words import bars, by_predictor, lines, predictor_order, quantity_labels
from .words import name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...validation.quantity_document import Estimate, Predictor, Quantity
    from ..content.chart import Specification
    from ..content.results import ReportData

LINE = 10  # pixels of a predictor
MOST_QUANTITIES = MOST_ROLES


@chart("validation-orders")
def validation_orders(data: ReportData) -> Iterator[Chart]:
    """Spearman's ρ of every quantity by every predictor, with its interval."""
    quantities = [
        quantity
        for quantity in validation_of(data).quantities
        if any(predictor.spearman is not None for predictor in quantity.predictors)
    ]
    if not quantities:
        raise LeftOutError("no order was predicted and measured")
    sentence = _sentence(quantities)
    yield Chart(
        name="validation-orders",
        title="Are layers and heads ordered as predicted?",
        sentence=sentence,
        definition=(
            "Spearman's rank correlation, over layers or heads, of what was predicted with what was measured: 1 is the"
            " same order, 0 none, −1 the reverse. Norms and depth are baselines, which a prediction has to beat. Bars:"
            " the 95 % interval of the difference to the baseline that is hardest to beat, over resampled prompts and"
            " resampled layers or heads, drawn from the mark of that baseline. A bar across that mark is undecided."
            f"{_only(quantities)}"
        ),
        alt=f"Dots with bars for each of {len(quantities)} quantities, one for each predictor. {sentence}",
        table=_table(quantities),
        specification=_picture(quantities[:MOST_QUANTITIES]),
        section=VALIDATION,
    )


def _sentence(quantities: list[Quantity]) -> str:
    counts = count_sentences(quantities)
    if not counts:
        return "No order could be put to a verdict: there are too few layers or heads, or too few prompts."
    return f"Orders against the baselines: {'; '.join(map(escape, counts))}."


def _only(quantities: list[Quantity]) -> str:
    if len(quantities) <= MOST_QUANTITIES:
        return ""
    return f" Drawn are the first {MOST_QUANTITIES} of {len(quantities)} quantities; all are in the table."


def _bar(predictor: Predictor, rho: Estimate) -> dict[str, float | None]:
    """The ends of the interval that decides, as those of ρ: the baseline's ρ and the ends of the difference to it."""
    test = predictor.strongest
    if test is None or test.deciding.low is None or test.deciding.high is None:
        return {"low": None, "high": None}
    baseline = rho.value - test.difference.value
    return {"low": max(-1.0, baseline + test.deciding.low), "high": min(1.0, baseline + test.deciding.high)}


def _table(quantities: list[Quantity]) -> ChartTable:
    columns = (
        ChartColumn("quantity", "measured"),
        ChartColumn("per", "of"),
        ChartColumn("by", "predicted by"),
        ChartColumn("role", "role"),
        ChartColumn("n_points", "points"),
        ChartColumn("spearman", "Spearman's ρ"),
        ChartColumn("spearman_low", "ρ, 2.5 %"),
        ChartColumn("spearman_high", "ρ, 97.5 %"),
        ChartColumn("kendall", "Kendall's τ"),
        ChartColumn("verdict", "verdict"),
    )
    rows = []
    for quantity in quantities:
        for predictor in quantity.predictors:
            rho, tau = predictor.spearman, predictor.kendall
            rows.append(
                (
                    quantity.label,
                    quantity.per,
                    predictor.name,
                    predictor.role,
                    predictor.n_points,
                    *((rho.value, rho.low, rho.high) if rho else (None, None, None)),
                    tau.value if tau else None,
                    predictor.verdict,
                )
            )
    return ChartTable(columns, tuple(rows))


def _picture(quantities: list[Quantity]) -> Specification:
    labels = quantity_labels(quantities)
    order = predictor_order(quantities)
    rows: list[dict[str, Any]] = [
        {
            "quantity": label,
            "by": predictor.name,
            "rho": predictor.spearman.value,
            **_bar(predictor, predictor.spearman),
            "verdict": name(predictor.verdict or ("baseline" if predictor.role == "baseline" else "no verdict")),
        }
        for label, quantity in zip(labels, quantities, strict=True)
        for predictor in quantity.predictors
        if predictor.spearman is not None
    ]
    axis = alt.Axis(grid=True, tickCount=5, format=".1f")
    scale = alt.Scale(domain=[-1, 1], nice=False)
    base = lines(labels, order)
    colour, shape = by_predictor(order, order)
    dots = base.mark_point(filled=True, opacity=1, size=48).encode(
        x=alt.X("rho:Q", title="Spearman's ρ", scale=scale, axis=axis),
        color=colour,
        shape=shape,
        tooltip=[
            alt.Tooltip("quantity:N", title="measured"),
            alt.Tooltip("by:N", title="predicted by"),
            alt.Tooltip("rho:Q", title="Spearman's ρ", format="+.3f"),
            alt.Tooltip("low:Q", title="2.5 %", format="+.3f"),
            alt.Tooltip("high:Q", title="97.5 %", format="+.3f"),
            alt.Tooltip("verdict:N", title="verdict"),
        ],
    )
    return chart_of(bars(base, colour), dots, rows=rows, height=(LINE * len(order) + 8) * len(labels))
