"""The views that results have of themselves: Markdown, and a table for Jupyter.

A result stands below the report and asks for these by the name of this module (`saving.results`); a view of another
result is a function here.
"""

from __future__ import annotations

from functools import singledispatch

from ..analysis.analysis_result import Analysis
from ..diffs import Diff
from ..diffs.budgets.bits_result import Bits
from ..diffs.of_profiles import ProfileDiff
from ..profiles.profile_result import Profile
from ..validation.validation_result import Validation
from .content.results import ReportData
from .content.shown import Shown
from .markdown.document import VALIDATION_MARK, render_report_markdown
from .page.notebook import analysis_html, diff_html, profile_html


@singledispatch
def markdown(result: object) -> str:
    """A result as a Markdown document.

    Raises:
        TypeError: There is no such view of it.
    """
    raise TypeError(f"no Markdown of a {type(result).__name__}")


@markdown.register
def _(result: Analysis) -> str:
    return render_report_markdown(Shown(ReportData(None, result)))


@markdown.register
def _(result: Validation) -> str:
    return render_report_markdown(Shown(ReportData(None, None, validation=result)), VALIDATION_MARK)


@markdown.register
def _(result: Diff) -> str:
    return render_report_markdown(Shown(ReportData.of_diff(result)))


@markdown.register
def _(result: Bits) -> str:
    return render_report_markdown(Shown(ReportData.of_bits(result)))


@markdown.register
def _(result: ProfileDiff) -> str:
    return render_report_markdown(Shown(ReportData.of_profile_diff(result)))


@singledispatch
def notebook_html(result: object) -> str:
    """A result as HTML for a cell of a notebook.

    Raises:
        TypeError: There is no such view of it.
    """
    raise TypeError(f"no HTML of a {type(result).__name__}")


@notebook_html.register
def _(result: Profile) -> str:
    return profile_html(result)


@notebook_html.register
def _(result: Analysis) -> str:
    return analysis_html(result.document)


@notebook_html.register
def _(result: Diff) -> str:
    return diff_html(result.document)
