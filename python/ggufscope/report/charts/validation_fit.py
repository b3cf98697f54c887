"""The fit of the index's weights to answers: what it says of prompts that had no part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ...text.escape import escape
from ...validation.wording import with_interval
from ..content.chart import VALIDATION, Chart, ChartColumn, ChartTable
from .access import validation_of
from .axes import MOST_ROLES, chart_of, marks
from .registry import LeftOutError, chart
from .validation_words import INTERVALS
from .words import name, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...validation.fit_document import Fit, Null
    from ...validation.quantity_document import Estimate
    from ..content.chart import Specification
    from ..content.results import ReportData

FITTED, UNIFORM, SHUFFLED = "fitted weights", "uniform weights", "shuffled labels"
ANSWERS = ("correct", "wrong")
LINE = 26  # pixels of a category
MOST_CATEGORIES = MOST_ROLES


def _fit(data: ReportData) -> Fit:
    """The fit; LeftOutError where there is none."""
    fit = validation_of(data).fit
    if not fit.fitted:
        raise LeftOutError(f"weights were not fitted: {fit.reason or 'no reason is known'}")
    return fit


@chart("validation-fit")
def validation_fit(data: ReportData) -> Iterator[Chart]:
    """Fitted weights on prompts that had no part in them: their AUC, and the scores themselves."""
    fit = _fit(data)
    if fit.auc is None or fit.auc_uniform is None or fit.null is None or not fit.scores:
        raise LeftOutError("the fit was not tried on categories left out")
    yield _auc_chart(fit, fit.auc, fit.auc_uniform, fit.null)
    yield _score_chart(fit)


def _auc_chart(fit: Fit, auc: Estimate, uniform: Estimate, null: Null) -> Chart:
    """The AUC of fitted weights on categories left out, beside uniform weights and shuffled labels."""
    label = "Exploratory, fewer than 100 scored prompts: " if fit.exploratory else ""
    text = f"fitted weights reach an AUC of {with_interval(auc, '.2f')}, uniform ones"
    text += f" {with_interval(uniform, '.2f')}; 97.5 % of fits to shuffled labels stay below {null.high:.2f}"
    sentence = (
        f"{label}{text if label else text[0].upper() + text[1:]}. {escape((fit.verdict or 'no verdict').capitalize())}."
    )
    return Chart(
        name="validation-auc",
        title="Do fitted weights tell wrong answers from correct ones?",
        sentence=sentence,
        definition=(
            "AUC: how often a prompt that was answered wrongly scores higher than one answered correctly; 0.5 is"
            " chance. Every prompt is scored by weights fitted to the other categories alone. Bars:"
            f" {INTERVALS}; of shuffled labels the mean of the whole fit and what 2.5 % of the shuffles exceed."
        ),
        alt=f"Three dots with bars on an axis from 0 to 1. {sentence}",
        table=_auc_table(fit),
        specification=_auc_picture(fit),
        section=VALIDATION,
    )


def _aucs(fit: Fit) -> list[tuple[str, float, float | None, float | None]]:
    """Label, AUC, and the ends of its bar."""
    found = [
        (label, each.value, each.low, each.high)
        for label, each in ((FITTED, fit.auc), (UNIFORM, fit.auc_uniform))
        if each
    ]
    return [*found, (SHUFFLED, fit.null.mean, None, fit.null.high)] if fit.null else [*found]


def _auc_table(fit: Fit) -> ChartTable:
    columns = (
        ChartColumn("scores", "scores by"),
        ChartColumn("auc", "AUC"),
        ChartColumn("low", "2.5 %"),
        ChartColumn("high", "97.5 %"),
    )
    return ChartTable(columns, tuple(_aucs(fit)))


def _auc_picture(fit: Fit) -> Specification:
    order = [FITTED, UNIFORM, SHUFFLED]
    rows: list[dict[str, Any]] = [
        {"scores": label, "auc": auc, "low": auc if low is None and high is not None else low, "high": high}
        for label, auc, low, high in _aucs(fit)
    ]
    rows.append({"chance": 0.5})
    y = alt.Y("scores:N", title=None, sort=None, scale=alt.Scale(domain=order), axis=alt.Axis(labelLimit=130))
    scale, axis = alt.Scale(domain=[0, 1], nice=False), alt.Axis(grid=True, tickCount=5)
    kinds = alt.Scale(domain=order)
    colour = alt.Color("scores:N", sort=None, scale=kinds, legend=None)
    base = marks().transform_filter("isValid(datum.auc)").encode(y=y, color=colour)
    dots = base.mark_point(filled=True, opacity=1, size=80).encode(
        x=alt.X("auc:Q", title="AUC on categories left out", scale=scale, axis=axis),
        shape=alt.Shape("scores:N", sort=None, scale=kinds, legend=None),
        tooltip=[
            alt.Tooltip("scores:N", title="scores by"),
            alt.Tooltip("auc:Q", title="AUC", format=".3f"),
            alt.Tooltip("low:Q", title="from", format=".3f"),
            alt.Tooltip("high:Q", title="to", format=".3f"),
        ],
    )
    bars = base.transform_filter("isValid(datum.high)").mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    chance = (
        marks()
        .transform_filter("isValid(datum.chance)")
        .mark_rule(style="curve", strokeDash=[4, 3])
        .encode(x=alt.X("chance:Q"))
    )
    return chart_of(chance, bars, dots, rows=rows, height=60 * len(order))


def _score_chart(fit: Fit) -> Chart:
    """The scores of every prompt, by weights from the other categories."""
    categories = list(dict.fromkeys(prompt.category for prompt in fit.scores))
    label = "Exploratory: " if fit.exploratory else ""
    sentence = (
        f"{label}{fit.n_wrong} prompts answered wrongly and {fit.n_correct} correctly, each scored by weights that its"
        " own category had no part in."
    )
    most = (
        f" Drawn are the first {MOST_CATEGORIES} of {len(categories)} categories; all are in the table."
        if len(categories) > MOST_CATEGORIES
        else ""
    )
    return Chart(
        name="validation-scores",
        title="Scores of prompts whose category was left out of the fit",
        sentence=sentence,
        definition=(
            "Weighted sum of a prompt's features, each standardized over the scored prompts; the higher, the more a"
            f" wrong answer is expected.{most}"
        ),
        alt=f"Points on an axis of scores, one line for each of {len(categories)} categories. {sentence}",
        table=_score_table(fit),
        specification=_score_picture(fit, categories[:MOST_CATEGORIES]),
        section=VALIDATION,
    )


def _score_table(fit: Fit) -> ChartTable:
    columns = (
        ChartColumn("id", "prompt"),
        ChartColumn("category", "category"),
        ChartColumn("answer", "answer"),
        ChartColumn("fitted", FITTED),
        ChartColumn("uniform", UNIFORM),
    )
    rows = tuple(
        (prompt.id, prompt.category, ANSWERS[prompt.wrong], prompt.fitted, prompt.uniform) for prompt in fit.scores
    )
    return ChartTable(columns, rows)


def _score_picture(fit: Fit, categories: list[str]) -> Specification:
    labels = dict(zip(categories, unique([category or "no category" for category in categories]), strict=True))
    rows = [
        {
            "prompt": name(prompt.id),
            "category": labels[prompt.category],
            "answer": ANSWERS[prompt.wrong],
            "fitted": prompt.fitted,
            "uniform": prompt.uniform,
        }
        for prompt in fit.scores
        if prompt.category in labels
    ]
    domain = list(labels.values())
    y = alt.Y(
        "category:N", title=None, sort=None, scale=alt.Scale(domain=domain), axis=alt.Axis(grid=True, labelLimit=130)
    )
    kinds, legend = alt.Scale(domain=list(ANSWERS)), alt.Legend(title="answered")
    dots = (
        marks()
        .mark_point(filled=True, opacity=0.85, size=50)
        .encode(
            x=alt.X(
                "fitted:Q", title="score by fitted weights", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5)
            ),
            y=y,
            yOffset=alt.YOffset("answer:N", sort=None, scale=kinds),
            color=alt.Color("answer:N", sort=None, scale=kinds, legend=legend),
            shape=alt.Shape("answer:N", sort=None, scale=kinds, legend=legend),
            tooltip=[
                alt.Tooltip("prompt:N", title="prompt"),
                alt.Tooltip("category:N", title="category"),
                alt.Tooltip("answer:N", title="answered"),
                alt.Tooltip("fitted:Q", title=FITTED, format=".3f"),
                alt.Tooltip("uniform:Q", title=UNIFORM, format=".3f"),
            ],
        )
    )
    return chart_of(dots, rows=rows, height=LINE * len(domain))
