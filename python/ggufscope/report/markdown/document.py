"""The report as Markdown: of an analysis, a profile, a validation, or several; its charts stand beside it as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...saving.marks import PAGE_COMMENT
from ...text.escape import escape_markdown as safe
from ..content.chart import FINDINGS, VALIDATION
from ..content.results import other_settings
from .analysis import render_markdown
from .profile import profile_head, profile_tables, profile_weights
from .validation import validation_head, validation_section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..content.chart import Chart
    from ..content.results import ReportData
    from ..report import Report

CHARTS = "charts"  # where the charts stand, beside the report


def render_report_markdown(report: Report) -> str:
    """The text of `report.md`; charts are in it where their packages are installed."""
    data = report.data
    charts = list(_charts(report)) if report.has_charts else []
    weights = list(profile_weights(data.profile)) if data.profile else []
    measured = list(_validation(report))
    if data.analysis is not None:
        return render_markdown(data.analysis.document, [part for part in (weights, charts, measured) if part])
    tables = list(profile_tables(data.profile)) if data.profile else []
    parts = (list(_head(data)), weights, charts, measured, tables)
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(data: ReportData) -> Iterator[str]:
    """The title of a report without an analysis."""
    yield PAGE_COMMENT
    if data.profile is not None:
        yield from profile_head(data.profile)
    elif data.validation is not None:
        yield from validation_head(data.validation.document)


def _validation(report: Report) -> Iterator[str]:
    """What was measured, with its charts; or why that cannot be shown."""
    data = report.data
    if data.validation is not None:
        yield from validation_section(data.validation.document)
        for difference in other_settings(data):
            yield ""
            yield f"**What was compared is not quite the analysis above**: {safe(difference)}."
        if report.has_charts:
            yield from _of_section(report, VALIDATION)
    elif data.why_no_validation is not None:
        yield "## Predicted against measured"
        yield ""
        yield f"Not shown: {safe(data.why_no_validation)}."


def _charts(report: Report) -> Iterator[str]:
    lines = list(_of_section(report, FINDINGS))
    if lines:
        yield "## Charts"
        yield from lines


def _of_section(report: Report, section: str) -> Iterator[str]:
    """The charts of a section, then why others of it are missing."""
    for chart in report.drawn.charts:
        if chart.section == section:
            yield from _chart(chart)
    for name, reason in report.drawn.left_out.items():
        if (name.startswith(f"{VALIDATION}-")) == (section == VALIDATION):
            yield ""
            yield f"No chart {safe(name)}: {safe(reason)}."


def _chart(chart: Chart) -> Iterator[str]:
    yield ""
    yield f"### {safe(chart.title)}"
    yield ""
    yield safe(chart.sentence)
    yield ""
    yield f"![{safe(chart.alt)}]({CHARTS}/{chart.name}.svg)"
    yield ""
    yield f"*{safe(chart.definition)}*"
