"""The report as one page: a single HTML file that asks for nothing beyond itself.

The page is safe, whatever the names in a model's file are: texts from files are escaped, after invisible characters
became escapes; data for scripts stand in blocks of JSON without a `<`; the scripts put data into text nodes only; and
the Content-Security-Policy lets nothing run but the scripts written here, by their hashes, without `eval`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ...saving.marks import PAGE_COMMENT
from ...text import numbers
from ...text.escape import escape
from ...text.phrases import SYNTHETIC_MARK, SYNTHETIC_MEANING
from ..charts import themed
from ..content.blocks import Headline
from ..content.cells import NOTHING
from ..content.sections import parts_of
from .figures import figures, script_json
from .labels import first_order
from .tables import shown_table
from .words import words_html

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..content.blocks import Block
    from ..content.chart import Chart
    from ..content.sections import Part
    from ..content.shown import Shown
    from ..report import Report

_TEMPLATES = files(__package__) / "templates"


def render_page(report: Report) -> str:
    """The text of `report.html`; the same text for the same input.

    Raises:
        MissingExtraError: The packages for charts are not installed.
    """
    vega_script = report.script  # begun while charts are specified, as their pictures are before tables are made
    charts, shown, _ = report.drawn.charts, report.shown, report.pictures
    parts = [(part, part.blocks(shown)) for part in parts_of(shown)]
    (headline,) = (block for _, blocks in parts for block in blocks if isinstance(block, Headline))
    # The tables of a shelf are among its blocks, with links; the numbers of its models would be most of the page.
    tables = [] if report.data.shelf is not None else [shown_table(table) for table in report.tables]
    if report.left_out is not None:
        tables = [replace(table, csv=None) for table in tables]
    script, style, vega = _text("page.js"), _text("page.css"), vega_script() if charts else ""
    page: str = (
        _environment()
        .get_template("report.html")
        .render(
            headline=headline,
            parts=_told([(part, blocks) for part, blocks in parts if blocks or (part.name == "tables" and tables)]),
            figures=figures(report),
            tables=tables,
            runs=_runs(shown),
            themes=_themes(charts),
            policy=_policy(scripts=[vega, script], styles=[style]),
            script=script,
            style=style,
            vega=vega,
            mark=PAGE_COMMENT,
            version=__version__,
        )
    )
    return page


def _told(parts: list[tuple[Part, list[Block]]]) -> list[tuple[Part, list[Block]]]:
    """The parts, of which the first after the summary is never folded: it is what the report is about."""
    return [(replace(part, folded=part.folded and place > 1), blocks) for place, (part, blocks) in enumerate(parts)]


def _runs(shown: Shown) -> dict[str, str]:
    """Step that was done with the model → time at which it was started."""
    results = {
        "profiled": shown.profile,
        "analysed": shown.analysis,
        "validated": shown.validation,
        "traced": shown.trace if shown.data.measured_alone else None,
        "compared": shown.diff,
        "chosen": shown.bits,
    }
    return {done: result.run.started for done, result in results.items() if result is not None and result.run}


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
        "words": words_html,
        "kind": lambda block: type(block).__name__,
        "inline": Markup,  # of our own files alone
        "first_order": lambda label, numeric: first_order(str(label), numeric=numeric),
    }
    environment.filters.update(filters)
    environment.globals |= {
        "counted": numbers.counted,
        "nothing": NOTHING,
        "synthetic": (SYNTHETIC_MARK, SYNTHETIC_MEANING),
    }
    return environment


def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


def _themes(charts: list[Chart]) -> dict[str, str]:
    return {theme: script_json(themed(charts[0], theme)["config"] if charts else {}) for theme in ("light", "dark")}


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
