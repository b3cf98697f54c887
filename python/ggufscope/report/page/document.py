"""The report as one page: a single HTML file that asks for nothing beyond itself.

What keeps it safe, whatever the names in a model's file are: jinja2 escapes every value, after invisible characters
became escapes; data for scripts stand in blocks of JSON without a `<`; the scripts put data into text nodes only; and
the Content-Security-Policy lets nothing run but the scripts written here, by their hashes, without `eval`.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ...saving.marks import PAGE_COMMENT
from ...text import numbers
from ...text import numbers as cells
from ...text.escape import escape
from ..charts import themed, vega_script
from ..content.chart import VALIDATION
from ..content.evidence import evidence_pairs
from .summary import highlights, summarize
from .tables import ShownTable, chart_table, shown_table
from .validation import shown_validation

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..content.chart import Chart
    from ..report import Report

_HIGH = 260  # pixels; a chart of this height is not for half the width
MOST_MARKS = 3_000  # as elements of the page
LARGEST_PICTURE = 500_000  # bytes carried along for readers without scripts
_FOR_READERS = re.compile(r' (?:aria-[a-z]+|class|role)="[^"]*"')  # of no use inside an img element
_TEMPLATES = files(__package__) / "templates"


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


def render_page(report: Report) -> str:
    """The text of `report.html`; the same text for the same input.

    Raises:
        MissingExtraError: The packages for charts are not installed.
    """
    data, drawn = report.data, report.drawn
    figures = _figures(report)
    script, style, vega = _text("page.js"), _text("page.css"), vega_script().strip()
    page: str = (
        _environment()
        .get_template("report.html")
        .render(
            data=data,
            profile=data.profile,
            document=data.analysis.document if data.analysis else None,
            summary=summarize(data),
            figures=[figure for figure in figures if figure.chart.section != VALIDATION],
            validation=shown_validation(data),
            measured=[figure for figure in figures if figure.chart.section == VALIDATION],
            highlights=highlights(drawn.charts),
            left_out=drawn.left_out,
            tables=[shown_table(table) for table in report.tables],
            themes=_themes(drawn.charts),
            policy=_policy(scripts=[vega, script], styles=[style]),
            script=script,
            style=style,
            vega=vega,
            mark=PAGE_COMMENT,
            version=__version__,
        )
    )
    return page


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415  an extra
    from markupsafe import Markup  # noqa: PLC0415

    def visible(value: Any) -> Any:
        """Text with its invisible characters written as escapes, before jinja2 escapes markup."""
        return escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "count": numbers.count_text,
        "bytes": numbers.bytes_text,
        "percent": cells.percent,
        "short": lambda value: "–" if value is None else cells.short(value),
        "evidence": evidence_pairs,
        "inline": Markup,  # of our own files alone
    }
    environment.filters.update(filters)
    environment.globals["counted"] = numbers.counted
    return environment


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


def _figures(report: Report) -> list[Figure]:
    charts = report.drawn.charts
    return [_figure(chart, report.picture(chart), wide) for chart, wide in zip(charts, _widths(charts), strict=True)]


def _widths(charts: list[Chart]) -> list[bool]:
    """Whether each takes the whole width: the leading kind, the high ones, and who would be alone in a row."""
    wide = [_kind(chart) == _kind(charts[0]) or chart.specification.get("height", _HIGH) >= _HIGH for chart in charts]
    for is_wide, run in itertools.groupby(range(len(charts)), lambda position: wide[position]):
        *_, last = positions = list(run)
        wide[last] = is_wide or len(positions) % 2 == 1
    return wide


def _kind(chart: Chart) -> str:
    return chart.name if chart.section == VALIDATION else chart.name.partition("-")[0]


def _figure(chart: Chart, picture: str, wide: bool) -> Figure:
    plain = _FOR_READERS.sub("", picture)
    encoded = base64.b64encode(plain.encode()).decode() if len(plain) <= LARGEST_PICTURE else None
    return Figure(
        chart,
        script_json(chart.specification),
        "svg" if len(chart.table.rows) <= MOST_MARKS else "canvas",
        encoded and f"data:image/svg+xml;base64,{encoded}",
        chart_table(chart),
        wide,
    )


def _themes(charts: list[Chart]) -> dict[str, str]:
    return {theme: script_json(themed(charts[0], theme)["config"] if charts else {}) for theme in ("light", "dark")}


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


def _policy(scripts: list[str], styles: list[str]) -> str:
    """The Content-Security-Policy: these scripts and styles, pictures in data addresses, nothing else from anywhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src-elem {' '.join(map(_hash, styles))}",
            "style-src-attr 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
