"""The report as Markdown: of an analysis, a profile, or both, with the charts that stand beside it as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..escape import escape_markdown as safe
from ..output_directory import PAGE_COMMENT
from .analysis_markdown import render_markdown
from .profile_markdown import profile_head, profile_tables, profile_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .shared import Report

CHARTS = "charts"  # where the charts stand, beside the report


def render_report_markdown(report: Report) -> str:
    """The text of `report.md`; charts are in it where their packages are installed."""
    data = report.data
    charts = list(_charts(report)) if report.has_charts else []
    weights = list(profile_weights(data.profile)) if data.profile else []
    if data.analysis is not None:
        return render_markdown(data.analysis.document, [part for part in (weights, charts) if part])
    head = [PAGE_COMMENT, *(profile_head(data.profile) if data.profile else ())]
    tables = list(profile_tables(data.profile)) if data.profile else []
    return "\n\n".join("\n".join(part) for part in (head, weights, charts, tables) if part) + "\n"


def _charts(report: Report) -> Iterator[str]:
    yield "## Charts"
    for chart in report.drawn.charts:
        yield ""
        yield f"### {safe(chart.title)}"
        yield ""
        yield safe(chart.sentence)
        yield ""
        yield f"![{safe(chart.alt)}]({CHARTS}/{chart.name}.svg)"
        yield ""
        yield f"*{safe(chart.definition)}*"
    for name, reason in report.drawn.left_out.items():
        yield ""
        yield f"No chart {safe(name)}: {safe(reason)}."
