"""The rows of the embedding: how long they are, and how they lie to their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ..content.chart import EMBEDDING, Chart, ChartColumn, ChartTable
from .access import analysis_of
from .axes import chart_of, marks
from .labels import number_label
from .panels import Panel, family
from .registry import LeftOutError, NotAskedError, chart
from .words import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.embedding_document import Distribution
    from ..content.chart import Specification
    from ..content.results import ReportData

# Field of the record → title, what a sentence calls it, definition.
_PANELS = {
    "norms": ("Norm of a row", "norm", "‖row‖ of the rows that are not zero."),
    "cosines": ("Cosine of a row with the mean row", "cosine", "⟨row, mean⟩ / (‖row‖ ‖mean‖): 1 points the same way."),
}


@chart("embedding-rows")
def embedding(data: ReportData) -> Iterator[Chart]:
    """How long the rows of the embedding are, and how far they point where all point together."""
    record = analysis_of(data).document.embedding
    if record is None:
        raise NotAskedError
    panels = [
        Panel(title, _panel(distribution, title, what, definition))
        for field, (title, what, definition) in _PANELS.items()
        if (distribution := getattr(record, field)) is not None
    ]
    if not panels:
        raise LeftOutError("every row of the embedding is zero or not finite")
    yield family("embedding-rows", "Rows of the embedding: length and direction", panels, keys=1, height=140)


def _panel(distribution: Distribution, title: str, what: str, definition: str) -> Chart:
    edges, counts = distribution.edges, distribution.counts
    ends = f"{number(edges[0])} to {number(edges[-1])}"
    sentence = f"{number(distribution.median)} in the median, {ends}."
    rows = [(position, *bin_) for position, bin_ in enumerate(zip(edges[:-1], edges[1:], counts, strict=True))]
    return Chart(
        name=what,
        title=title,
        sentence=sentence,
        definition=definition,
        alt=f"{len(counts)} bars of counts. {sentence}",
        table=ChartTable(
            (
                ChartColumn("bin", "bin"),
                ChartColumn(f"{what}_from", f"{what} from"),
                ChartColumn(f"{what}_to", f"{what} to"),
                ChartColumn(f"{what}_rows", "rows"),
            ),
            tuple(rows),
        ),
        specification=_picture(distribution),
        section=EMBEDDING,
    )


def _picture(distribution: Distribution) -> Specification:
    edges, counts = distribution.edges, distribution.counts
    rows = [
        {"low": low, "high": high, "rows": count}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    axis = alt.Axis(tickCount=5, labelExpr=number_label())
    bars = (
        marks()
        .mark_bar(style="plain")
        .encode(
            x=alt.X("low:Q", bin="binned", title=None, scale=alt.Scale(zero=False, nice=False), axis=axis),
            x2="high:Q",
            y=alt.Y("rows:Q", title="rows", axis=axis),
            tooltip=[
                alt.Tooltip("low:Q", title="from", format=",.4~r"),
                alt.Tooltip("high:Q", title="to", format=",.4~r"),
                alt.Tooltip("rows:Q", title="rows", format=",d"),
            ],
        )
    )
    return chart_of(bars, rows=rows)
