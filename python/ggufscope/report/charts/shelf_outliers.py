"""Outliers by role over the models of a shelf: from the least to the most, and the median."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ...text.numbers import counted, percent
from ..content.chart import Chart, ChartColumn, ChartTable
from .access import shelf_of
from .axes import MOST_ROLES, ROW_HEIGHT, chart_of, marks, only, role_y
from .labels import percent_label
from .registry import LeftOutError, chart
from .words import name, unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..content.chart import Specification
    from ..content.results import ReportData
    from ..content.shelf_data import RoleSpread


@chart("shelf-outliers")
def shelf_outliers(data: ReportData) -> Iterator[Chart]:
    """A line for each role."""
    spreads = shelf_of(data).spreads
    if not spreads:
        raise LeftOutError("no role of a model has its outliers counted")
    worst = max(spreads, key=lambda spread: spread.most)
    sentence = f"Most are in {name(worst.role)}: {percent(worst.most)} % of its weights in one model."
    yield Chart(
        name="shelf-outliers",
        title="Outliers by role",
        sentence=sentence,
        definition=(
            "Share of the weights of a role that are further than six standard deviations from their mean, in each"
            f" model; from the least to the most of them, with the median.{only(len(spreads))}"
        ),
        alt=f"A line for each of {counted(len(spreads), 'role')}. {sentence}",
        table=_table(spreads),
        specification=_picture(spreads[:MOST_ROLES]),
    )


def _table(spreads: Sequence[RoleSpread]) -> ChartTable:
    columns = ("role", "n_models", "least", "median", "most")
    labels = ("role", "models", "least", "median", "most")
    units = ("", "", "share", "share", "share")
    heads = tuple(ChartColumn(*column) for column in zip(columns, labels, units, strict=True))
    return ChartTable(heads, tuple(tuple(getattr(spread, key) for key in columns) for spread in spreads))


def _picture(spreads: Sequence[RoleSpread]) -> Specification:
    labels = unique([spread.role for spread in spreads])
    rows = [
        {"role": label, "least": each.least, "median": each.median, "most": each.most, "models": each.n_models}
        for label, each in zip(labels, spreads, strict=True)
    ]
    base = marks().encode(
        y=role_y(labels, padding=0.2),
        tooltip=[
            alt.Tooltip("role:N", title="role"),
            alt.Tooltip("models:Q", title="models"),
            alt.Tooltip("least:Q", title="least", format=".3~%"),
            alt.Tooltip("median:Q", title="median", format=".3~%"),
            alt.Tooltip("most:Q", title="most", format=".3~%"),
        ],
    )
    share = alt.X("least:Q", title="share beyond 6σ", axis=alt.Axis(labelExpr=percent_label(), tickCount=5, grid=True))
    lines = base.mark_rule(style="whisker").encode(x=share, x2="most:Q")
    ends = base.mark_tick(style="stroke", thickness=1.5, size=8).encode(x=alt.X("most:Q"))
    dots = base.mark_point(filled=True, style="dot", opacity=1, size=45).encode(x=alt.X("median:Q"))
    return chart_of(lines, ends, dots, rows=rows, height=max(120, ROW_HEIGHT * len(rows) + 10))
