"""Charts on a page: what draws them, a picture for readers without scripts, and their numbers."""

from __future__ import annotations

import base64
import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .tables import ShownTable, chart_table

if TYPE_CHECKING:
    from ..content.chart import Chart
    from ..report import Report

_HIGH = 500  # pixels; a chart of this height is not for half the width
MOST_MARKS = 3_000  # as elements of the page
LARGEST_PICTURE = 500_000  # bytes carried along for readers without scripts
_FOR_READERS = re.compile(r' (?:aria-[a-z]+|class|role)="[^"]*"')  # of no use inside an img element


@dataclass(frozen=True)
class Figure:
    """A chart on the page.

    Attributes:
        chart: what it says.
        specification: what draws it, as JSON.
        renderer: `"svg"`, or `"canvas"` for more marks than a browser likes to keep apart.
        picture: data address of the same as SVG, for readers without scripts; None where that is too large.
        table: the numbers behind it.
        wide: whether it takes the whole width where two charts fit side by side.
    """

    chart: Chart
    specification: str
    renderer: str
    picture: str | None
    table: ShownTable
    wide: bool


def figures(report: Report) -> dict[str, Figure]:
    """Every chart of a report by its name."""
    charts = report.drawn.charts
    return {
        chart.name: _figure(chart, report.picture(chart), wide)
        for chart, wide in zip(charts, _widths(charts), strict=True)
    }


def _widths(charts: list[Chart]) -> list[bool]:
    """Whether each takes the whole width: the high ones, and who is alone in a row."""
    wide = [chart.specification.get("height", _HIGH) >= _HIGH for chart in charts]
    for (_, is_wide), run in itertools.groupby(range(len(charts)), lambda at: (charts[at].section, wide[at])):
        *_, last = positions = list(run)
        wide[last] = is_wide or len(positions) % 2 == 1
    return wide


def _figure(chart: Chart, picture: str, wide: bool) -> Figure:
    plain = _FOR_READERS.sub("", picture)
    encoded = base64.b64encode(plain.encode()).decode() if len(plain) <= LARGEST_PICTURE else None
    return Figure(
        chart,
        script_json(chart.specification),
        "svg" if _n_marks(chart) <= MOST_MARKS else "canvas",
        encoded and f"data:image/svg+xml;base64,{encoded}",
        chart_table(chart),
        wide,
    )


def _n_marks(chart: Chart) -> int:
    """Marks at a time: of panels all their rows, of others those of the table, of which a reader may choose columns."""
    if "concat" in chart.specification:
        return sum(map(len, chart.specification["datasets"].values()))
    return len(chart.table.rows)


def script_json(value: Any) -> str:
    r"""JSON that can stand in a `script` element: no `<`, `>` or `&`, and nothing beyond ASCII.

    >>> script_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    from markupsafe import Markup  # noqa: PLC0415

    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  nothing in it is markup
