"""The views that results have of themselves: Markdown, and a table for Jupyter.

A result stands below the report and asks for these by the name of this module (`saving.results`); a view of another
result is a function here.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from ..analysis.analysis_result import Analysis
from ..arrays.statistics import TensorStatistics
from ..checks.check_result import Check
from ..diffs import Diff
from ..diffs.budgets.bits_result import Bits
from ..diffs.of_profiles import ProfileDiff
from ..models.model import Model, Tensor
from ..profiles.profile_result import Profile
from ..runtime.trace_result import Trace
from ..spectral.spectra_result import Spectra
from ..text.escape import escape_html
from ..validation.validation_result import Validation
from .content.results import ReportData
from .content.shown import Shown
from .markdown.document import VALIDATION_MARK, render_report_markdown
from .notebook.results import analysis_html, diff_html, profile_html
from .notebook.runs import bits_html, check_html, profile_diff_html, trace_html, validation_html
from .notebook.spectra import spectra_html
from .notebook.weights import model_html, statistics_html, tensor_html
from .tables.registry import TABLES

if TYPE_CHECKING:
    from ..saving.tables import DataColumn


@singledispatch
def report_data(result: object) -> ReportData:
    """A result as what reports are of.

    Raises:
        TypeError: There are none of it.
    """
    raise TypeError(f"no report of a {type(result).__name__}")


@report_data.register(Profile)
@report_data.register(Analysis)
def _(result: Profile | Analysis) -> ReportData:
    return ReportData.of(result)


@report_data.register
def _(result: Validation) -> ReportData:
    return ReportData(None, None, validation=result)


@report_data.register
def _(result: Trace) -> ReportData:
    return ReportData.of_trace(result)


@report_data.register
def _(result: Spectra) -> ReportData:
    return ReportData.of_spectra(result)


@report_data.register
def _(result: Diff) -> ReportData:
    return ReportData.of_diff(result)


@report_data.register
def _(result: Bits) -> ReportData:
    return ReportData.of_bits(result)


@report_data.register
def _(result: ProfileDiff) -> ReportData:
    return ReportData.of_profile_diff(result)


# Tables of TABLES that a result can have, the one that is given unasked first.
_TABLES_OF: dict[type, str] = {
    Profile: "tensors layers heads",
    Analysis: "layers heads standouts tensors",
    Validation: "validation",
    Trace: "prompts traced_layers traced_heads standouts",
    Spectra: "spectra head_spectra",
    Diff: "errors models drifts output_errors output_error_parts positions",
    Bits: "choices mixes",
    ProfileDiff: "changes",
}


def table_names(result: object) -> tuple[str, ...]:
    """Names of the tables that a result can have in files; of one above this room none."""
    return tuple(_TABLES_OF.get(type(result), "").split())


def table_columns(result: object, name: str) -> list[DataColumn]:
    """The columns of one of these tables; none where the result has no such rows."""
    return TABLES[name].columns(report_data(result))


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
    return render_report_markdown(Shown(report_data(result)), VALIDATION_MARK)


@markdown.register
def _(result: Diff) -> str:
    return render_report_markdown(Shown(report_data(result)))


@markdown.register
def _(result: Bits) -> str:
    return render_report_markdown(Shown(report_data(result)))


@markdown.register
def _(result: ProfileDiff) -> str:
    return render_report_markdown(Shown(report_data(result)))


@singledispatch
def notebook_html(result: object) -> str:
    """A result as HTML for a cell of a notebook; one without a view of its own as it prints itself."""
    return f"<p>{escape_html(repr(result))}</p>"


@notebook_html.register
def _(result: Profile) -> str:
    return profile_html(result)


@notebook_html.register
def _(result: Analysis) -> str:
    return analysis_html(result.document)


@notebook_html.register
def _(result: Diff) -> str:
    return diff_html(result.document)


@notebook_html.register
def _(result: Trace) -> str:
    return trace_html(result.document)


@notebook_html.register
def _(result: Spectra) -> str:
    return spectra_html(result.document)


@notebook_html.register
def _(result: Validation) -> str:
    return validation_html(result.document)


@notebook_html.register
def _(result: Check) -> str:
    return check_html(result.title, result.document)


@notebook_html.register
def _(result: Bits) -> str:
    return bits_html(result.document)


@notebook_html.register
def _(result: ProfileDiff) -> str:
    return profile_diff_html(result.document)


notebook_html.register(Model, model_html)
notebook_html.register(Tensor, tensor_html)
notebook_html.register(TensorStatistics, statistics_html)
