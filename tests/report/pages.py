"""Pages of the models of report_models, rendered once and kept."""

from __future__ import annotations

from report_models import results

from ggufscope.report.page.document import render_page
from ggufscope.report.report import Report

_KEPT = {}


def page(name, write):
    """The page of a model of MODELS, and its report; `write` is the fixture `write_gguf`."""
    if name not in _KEPT:
        report = Report(results(name, write))
        _KEPT[name] = render_page(report), report
    return _KEPT[name]
