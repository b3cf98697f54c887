"""The parts of the results that charts ask for, or the reason why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ..content.diff_words import labels
from .registry import LeftOutError, NotAskedError
from .words import unique

if TYPE_CHECKING:
    from ...analysis.analysis_result import Analysis
    from ...analysis.preset_document import PresetSummary
    from ...diffs.budgets.bits_document import BitsDocument
    from ...diffs.diff_document import DiffDocument
    from ...diffs.of_profiles import ProfileDiffDocument
    from ...diffs.run_record import RunRecord
    from ...profiles.profile_result import Profile
    from ...runtime.trace_document import TraceDocument
    from ...spectral.spectra_document import SpectraDocument
    from ...validation.validation_document import ValidationDocument
    from ..content.results import ReportData
    from ..content.shelf_data import Shelf

Result = TypeVar("Result")


def analysis_of(data: ReportData) -> Analysis:
    """The analysis, where a chart needs one."""
    if data.measured_alone or data.of_several_models:
        raise NotAskedError
    if data.analysis is None:
        raise LeftOutError(data.why_no_analysis or "there is no analysis")
    return data.analysis


def profile_of(data: ReportData) -> Profile:
    """The profile, where a chart needs one."""
    if data.measured_alone or data.of_several_models:
        raise NotAskedError
    if data.profile is None:
        raise LeftOutError(data.why_no_profile or "there is no profile")
    return data.profile


def presets_of(data: ReportData) -> list[PresetSummary]:
    """Every preset of the analysis, the leading one first."""
    document = analysis_of(data).document
    return [document.preset, *document.other_presets]


def diff_of(data: ReportData) -> DiffDocument:
    """The diff, where a chart is of one."""
    if data.diff is None:
        raise NotAskedError
    return data.diff.document


def runs_of(data: ReportData) -> list[tuple[str, RunRecord]]:
    """The models of a diff that were run, with what charts call them; a chart is of some."""
    document = diff_of(data)
    models = zip(unique(labels(document)), document.models, strict=True)
    runs = [(label, model.run) for label, model in models if model.run is not None]
    if not runs:
        raise NotAskedError
    return runs


def bits_of(data: ReportData) -> BitsDocument:
    """The choice of types, where a chart is of one."""
    if data.bits is None:
        raise NotAskedError
    return data.bits.document


def profile_diff_of(data: ReportData) -> ProfileDiffDocument:
    """The diff of two profiles, where a chart is of one."""
    if data.profile_diff is None:
        raise NotAskedError
    return data.profile_diff.document


def shelf_of(data: ReportData) -> Shelf:
    """The shelf, where a chart is of one."""
    if data.shelf is None:
        raise NotAskedError
    return data.shelf


def trace_of(data: ReportData) -> TraceDocument:
    """The trace, where a chart needs one."""
    return _made(data.trace, data.why_no_trace).document


def spectra_of(data: ReportData) -> SpectraDocument:
    """The singular values, where a chart needs them."""
    return _made(data.spectra, data.why_no_spectra).document


def validation_of(data: ReportData) -> ValidationDocument:
    """The validation, where a chart needs one."""
    return _made(data.validation, data.why_no_validation).document


def _made(result: Result | None, why_not: str | None) -> Result:
    """A result that a report may lack without a word; the reason is of one that is there and cannot be shown."""
    if result is not None:
        return result
    if why_not is None:
        raise NotAskedError
    raise LeftOutError(why_not)
