"""The registry of outputs: what `analyze`, `report`, `profile --html` and `demo` can write.

An output is one function from a report to files, and a line in RENDERERS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..analysis.analysis_result import REPORT_MARKDOWN
from ..saving.marks import marked
from .content.results import ReportData
from .content.shelf import model_label, page_of
from .markdown.blocks import CHARTS
from .markdown.document import render_report_markdown
from .packages import require_charts
from .report import Report
from .tables.csv_text import csv_text
from .tables.parquet import parquet_bytes, require_parquet
from .tables.registry import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = "report.html"
_WITHOUT_CHARTS = "a shelf has a page for every model; ggufscope report of its profile.json draws the charts of one"


@dataclass(frozen=True)
class Renderer:
    """An output.

    Attributes:
        about: what it is, for the help.
        files: the files it writes into the output directory; `*` stands for any name.
        render: names and contents of those that these results give.
        require: raises MissingExtraError where packages of an extra are missing.
    """

    about: str
    files: tuple[str, ...]
    render: Callable[[Report], Iterator[tuple[str, bytes]]]
    require: Callable[[], None] = lambda: None


def _html(report: Report) -> Iterator[tuple[str, bytes]]:
    from .page.document import render_page  # noqa: PLC0415  needs an extra

    yield PAGE, render_page(report).encode()
    shelf = report.data.shelf
    if shelf is not None:
        for row in shelf.measured:
            data = replace(ReportData.of(shelf.profile_of(row["model"])), heading=model_label(row))
            yield page_of(row), render_page(Report(data, left_out=_WITHOUT_CHARTS)).encode()


def _markdown(report: Report) -> Iterator[tuple[str, bytes]]:
    """The report and, where they can be drawn, the charts it shows."""
    yield REPORT_MARKDOWN, render_report_markdown(report.shown).encode()
    if report.has_charts:
        yield from _svg(report)


def _svg(report: Report) -> Iterator[tuple[str, bytes]]:
    for chart in report.drawn.charts:
        name = f"{CHARTS}/{chart.name}.svg"
        yield name, marked(name, report.picture(chart))


def _png(report: Report) -> Iterator[tuple[str, bytes]]:
    for chart, image in report.images():
        name = f"{CHARTS}/{chart.name}.png"
        yield name, marked(name, image)


def _csv(report: Report) -> Iterator[tuple[str, bytes]]:
    for table in report.tables:
        yield f"{table.name}.csv", csv_text(table.names, table.rows()).encode()


def _parquet(report: Report) -> Iterator[tuple[str, bytes]]:
    for table in report.tables:
        yield f"{table.name}.parquet", parquet_bytes(table, report.about)


RENDERERS: dict[str, Renderer] = {
    "html": Renderer("the page, complete in one file", (PAGE, page_of({"model": "*"})), _html, require_charts),
    "md": Renderer("the report for a repository, with its charts", (REPORT_MARKDOWN, f"{CHARTS}/*.svg"), _markdown),
    "svg": Renderer("the charts", (f"{CHARTS}/*.svg",), _svg, require_charts),
    "png": Renderer("the charts", (f"{CHARTS}/*.png",), _png, require_charts),
    "csv": Renderer(
        "tables of tensors, layers, heads, findings, predicted against measured; of diffs, choices of types, shelves",
        tuple(f"{name}.csv" for name in TABLES),
        _csv,
    ),
    "parquet": Renderer("the same, typed", tuple(f"{name}.parquet" for name in TABLES), _parquet, require_parquet),
}
PAGED = "html"  # the format in which each model of a shelf has a page
USUAL_FORMATS = ("html", "md", "svg")
