"""Charts of reports: what each shows, from what the functions that draw them say."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ggufscope.report.charts.registry import draw, makers

from .example import example_data
from .markdown import code, page, paragraph, prose, table

if TYPE_CHECKING:
    from ggufscope.report.content.chart import Chart


def render() -> str:
    drawn = {chart.name: chart for data in example_data()[:2] for chart in draw(data).charts}
    return page(
        "Charts",
        paragraph(
            "Charts of reports, in reading order. A page, SVG and PNG have those that results have"
            " numbers for; a report says which it leaves out, and why. [Reports](../report.md#charts) says"
            " how they are drawn."
        ),
        table(("chart", "what it shows"), rows()),
        "## Definitions",
        "Charts of the demo's analysis and of a diff of two models, with the definition that stands below each.",
        *definitions(drawn.values()),
    )


def rows() -> Iterator[tuple[str, str]]:
    for name, make in makers().items():
        about = inspect.getdoc(make) or (inspect.getdoc(inspect.getmodule(make)) or "")
        yield code(name), prose(about.split("\n\n")[0].replace("\n", " "))


def definitions(charts: Iterator[Chart]) -> Iterator[str]:
    for chart in charts:
        yield f"### {code(chart.name)}"
        yield f"{prose(chart.title)}. {prose(str(chart.definition))}"
