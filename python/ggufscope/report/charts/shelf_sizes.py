"""The models of a shelf by size and bits, with their verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ...text.numbers import count_text, counted
from ..content.chart import Chart, ChartColumn, ChartTable
from ..content.shelf import model_label
from ..content.shelf_data import VERDICTS
from .access import shelf_of
from .axes import chart_of, log_ticks, marks
from .registry import LeftOutError, chart
from .words import name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ..content.chart import Specification
    from ..content.results import ReportData

_KEYS = ("n_elements", "n_bytes", "bits_per_weight", "verdict")
_MOST_DRAWN = 2_000


@chart("shelf-sizes")
def shelf_sizes(data: ReportData) -> Iterator[Chart]:
    """A point for each model."""
    shelf = shelf_of(data)
    rows = [row for row in shelf.models if row["n_elements"] and row["bits_per_weight"] is not None]
    if not rows:
        raise LeftOutError("no model has weights")
    drawn = rows[:_MOST_DRAWN]
    few, many = rows[-1], rows[0]
    sentence = (
        f"{counted(len(rows), 'model')} from {count_text(few['n_elements'])} to {count_text(many['n_elements'])}"
        " parameters."
    )
    only = f" Drawn are the largest {len(drawn)}." if len(drawn) < len(rows) else ""
    yield Chart(
        name="shelf-sizes",
        title="Models by size and bits",
        sentence=sentence,
        definition=(
            "Parameters of all tensors, on a logarithmic axis, over the bits that a weight takes on average. Verdicts"
            f" are those of check.{only}"
        ),
        alt=f"A point for each of {counted(len(drawn), 'model')}. {sentence}",
        table=_table(drawn),
        specification=_picture(drawn),
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> ChartTable:
    columns = (
        ChartColumn("model", "model"),
        ChartColumn("n_elements", "parameters"),
        ChartColumn("n_bytes", "size", "B"),
        ChartColumn("bits_per_weight", "bits per weight"),
        ChartColumn("verdict", "verdict"),
    )
    return ChartTable(columns, tuple((model_label(row), *(row[key] for key in _KEYS)) for row in rows))


def _picture(rows: Sequence[Mapping[str, Any]]) -> Specification:
    points = [
        {
            "model": name(model_label(row)),
            "bits": row["bits_per_weight"],
            "parameters": row["n_elements"],
            "verdict": row["verdict"],
        }
        for row in sorted(rows, key=lambda row: VERDICTS.index(row["verdict"]))  # the gravest in front of the others
    ]
    verdicts = [verdict for verdict in VERDICTS if any(row["verdict"] == verdict for row in rows)]
    sizes = log_ticks(row["n_elements"] for row in rows)
    base = marks().encode(
        x=alt.X("bits:Q", title="bits per weight", scale=alt.Scale(zero=False, padding=20), axis=alt.Axis(tickCount=8)),
        y=alt.Y(
            "parameters:Q",
            title="parameters",
            scale=alt.Scale(type="log", padding=20, nice=False),
            axis=alt.Axis(values=sizes, format="~s"),
        ),
        color=alt.Color("verdict:N", title=None, sort=None, scale=alt.Scale(domain=verdicts)),
        shape=alt.Shape("verdict:N", title=None, sort=None, scale=alt.Scale(domain=verdicts)),
        tooltip=[
            alt.Tooltip("model:N", title="model"),
            alt.Tooltip("bits:Q", title="bits per weight", format=".2f"),
            alt.Tooltip("parameters:Q", title="parameters", format=",d"),
            alt.Tooltip("verdict:N", title="verdict"),
        ],
    )
    return chart_of(base.mark_point(filled=True, opacity=0.8, size=45), rows=points, height=300)
