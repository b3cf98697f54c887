"""Charts of reports: what each shows, from what the functions that draw them say."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from ggufscope.report.charts.registry import makers

from .markdown import code, page, paragraph, prose, table


def render() -> str:
    return page(
        "Charts",
        paragraph(
            "Charts of reports, in reading order. A page, SVG and PNG have those that results have numbers for,"
            " and say which are left out, and why; the definition of each stands below it."
            " [Reports](../report.md#charts) says how they are drawn."
        ),
        table(("chart", "what it shows"), rows()),
    )


def rows() -> Iterator[tuple[str, str]]:
    for name, make in makers().items():
        about = inspect.getdoc(make) or inspect.getdoc(inspect.getmodule(make)) or ""
        yield code(name), prose(about.split("\n\n")[0].replace("\n", " "))
