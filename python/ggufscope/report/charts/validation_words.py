"""Labels, marks and sentences that all charts of predicted against measured share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ...text.escape import escape
from ...validation.quantities import PREDICTORS
from ...validation.wording import rho, verdict_text
from .axes import legend_of, marks
from .words import listed, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...validation.quantity_document import Predictor, Quantity

BASELINE = "baseline"
INTERVALS = "95 % intervals over resampled prompts"


def quantity_labels(quantities: Sequence[Quantity]) -> list[str]:
    """`"attention entropy of heads"`, `"query rms"`, unique."""
    return unique(
        [f"{quantity.label} of heads" if quantity.per == "head" else quantity.label for quantity in quantities]
    )


def predictor_order(quantities: Iterable[Quantity]) -> list[str]:
    """The predictors that there are, in the order of the registry."""
    there = {predictor.name for quantity in quantities for predictor in quantity.predictors}
    return [source for source in PREDICTORS if source in there]


def by_predictor(order: Sequence[str], there: Sequence[str]) -> tuple[alt.Color, alt.Shape]:
    """Colour and shape of the predictors, with one legend for both.

    Args:
        order: all of the validation, so that each looks the same in every chart.
        there: those of the chart.
    """
    scale = alt.Scale(domain=list(order))
    legend = legend_of(there, title="predicted by", titleOrient="top", values=list(there))
    return (
        alt.Color("by:N", scale=scale, sort=None, legend=legend),
        alt.Shape("by:N", scale=scale, sort=None, legend=legend),
    )


def lines(labels: Sequence[str], predictors: Sequence[str]) -> Any:
    """Marks on a line for each quantity, those of its predictors below each other."""
    scale = alt.Scale(domain=list(labels), padding=0.15)
    y = alt.Y("quantity:N", title=None, sort=None, scale=scale, axis=alt.Axis(labelLimit=160))
    offset = alt.YOffset("by:N", sort=None, scale=alt.Scale(domain=list(predictors)))
    return marks().encode(y=y, yOffset=offset)


def bars(base: Any, colour: alt.Color) -> Any:
    """Intervals from `low` to `high`, where there are any."""
    there = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.5)
    return there.encode(x=alt.X("low:Q"), x2="high:Q", color=colour)


def order_sentence(predictions: Sequence[Predictor], baselines: Sequence[Predictor]) -> str:
    """Spearman's ρ of predictions with what came of it, and that of the baselines."""
    texts = [f"{predictor.name} {rho(predictor)}{_verdict(predictor)}" for predictor in predictions]
    beside = [f"{predictor.name} {rho(predictor)}" for predictor in baselines]
    if not beside:
        return f"Spearman's ρ: {'; '.join(texts)}. There is no baseline."
    plural = "s" if len(beside) > 1 else ""
    untested = (
        " Too few points or prompts for a verdict." if not any(predictor.verdict for predictor in predictions) else ""
    )
    return f"Spearman's ρ: {'; '.join(texts)}. Baseline{plural}: {listed(beside)}.{untested}"


def _verdict(predictor: Predictor) -> str:
    return f", {escape(verdict_text(predictor))}" if predictor.verdict else ""
