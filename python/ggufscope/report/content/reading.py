"""Saved results read for a report: one of any kind, and what stands beside it of the same model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...analysis.analysis_document import SCHEMA as ANALYSIS_SCHEMA
from ...analysis.analysis_result import PROFILE_JSON, REPORT_JSON, Analysis
from ...checks import Check
from ...checks.check_result import CHECK_JSON
from ...diffs import Diff
from ...diffs.budgets.bits_document import SCHEMA as BITS_SCHEMA
from ...diffs.budgets.bits_result import Bits
from ...diffs.diff_document import SCHEMA as DIFF_SCHEMA
from ...diffs.of_profiles import SCHEMA as PROFILE_DIFF_SCHEMA
from ...diffs.of_profiles import ProfileDiff
from ...errors import AnalysisError, CheckError, ProfileError, SpectraError, TraceError, ValidationError
from ...models.subject import same_model
from ...profiles.profile_result import Profile
from ...profiles.saved import SCHEMA as PROFILE_SCHEMA
from ...runtime.trace_document import SCHEMA as TRACE_SCHEMA
from ...runtime.trace_result import TRACE_JSON, Trace
from ...saving.reading import open_input, read_whole, starts_as_model
from ...spectral.spectra_document import SCHEMA as SPECTRA_SCHEMA
from ...spectral.spectra_result import SPECTRA_JSON, Spectra
from ...validation.validation_document import SCHEMA as VALIDATION_SCHEMA
from ...validation.validation_result import VALIDATION_JSON, Validation
from .results import NO_ANALYSIS, NO_PROFILE, ReportData
from .spectra_file import read_beside

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from ...models.subject import Identified

Result = TypeVar("Result", Profile, Analysis, Validation, Trace, Check, Spectra)


def read_report_data(path: str | PathLike[str]) -> ReportData:
    """Read a saved result of any kind, with what is beside it of the model.

    Beside an analysis that is its profile, a validation and a trace, beside a validation an analysis, a profile and a
    trace; and beside a profile the verdict of `check` and its spectra.

    Args:
        path: `profile.json`, `analysis-report.json`, `validation.json`, `trace.json`, `spectra.json`, a diff or a
            choice of types, whatever they are called, or a directory that holds one of the first five.

    Raises:
        AnalysisError: A malformed analysis, or one of another schema version.
        BitsError: A malformed choice of types, or one of another schema version.
        DiffError: A malformed diff, or one of another schema version.
        ProfileError: None of these, or a malformed profile.
        SpectraError: Malformed spectra, or of another schema version.
        TraceError: A malformed trace, or one of another schema version.
        ValidationError: A malformed validation, or one of another schema version.
        OSError: The file cannot be read.
    """
    file = _in_directory(Path(path))
    return _with_beside(file, _READERS[_kind(_schema(file))](file))


def analysis_in(directory: Path, analysis: Analysis) -> ReportData:
    """From an analysis in memory that was saved in a directory, and what else stands there of the same model."""
    file = directory / REPORT_JSON
    return _with_beside(file, _with_analysis(file, analysis))


def _with_beside(file: Path, data: ReportData) -> ReportData:
    """The results with the verdict of `check` and the spectra beside them, where these are of the same model."""
    if data.profile is None:
        return data
    subject, beside = data.profile.subject, "the profile"
    checked, spectra = file.with_name(CHECK_JSON), read_beside(file)
    if checked.is_file():
        check, why_no_check = _beside(checked, Check.load, subject, beside)
        data = replace(data, check=check, why_no_check=why_no_check)
    if spectra.is_file():
        values, why_no_spectra = _beside(spectra, Spectra.load, subject, beside)
        data = replace(data, spectra=values, why_no_spectra=why_no_spectra)
    return data


def _in_directory(path: Path) -> Path:
    if not path.is_dir():
        return path
    names = (REPORT_JSON, VALIDATION_JSON, PROFILE_JSON, TRACE_JSON, SPECTRA_JSON)
    files = [path / name for name in names if (path / name).is_file()]
    if not files:
        listed = f"{', '.join(names[:-1])} or {names[-1]}"
        raise FileNotFoundError(f"{path}: no saved results in this directory: neither {listed} nor the mark of a fleet")
    return files[0]


def _kind(schema: str) -> str:
    """A schema without its version: `"ggufscope.profile"`."""
    return schema.partition("/")[0]


def _schema(file: Path) -> str:
    """The schema a file names.

    Raises:
        ProfileError: It names none that a report can show.
    """
    with open_input(file) as opened:
        if starts_as_model(opened):
            raise ProfileError(f"{file}: a GGUF model; profile or analyze it first")
        data = read_whole(opened)
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or not schema.startswith("ggufscope."):
        raise ProfileError(
            f"{file}: neither a saved profile nor a saved analysis, validation, trace, diff, choice of types or spectra"
        )
    if _kind(schema) not in _READERS or "/" not in schema:
        raise ProfileError(f"{file}: nothing to report on in schema {schema!r}")
    return schema


def _with_analysis(file: Path, analysis: Analysis) -> ReportData:
    subject = analysis.subject
    beside = "the analysis"
    profile = analysis.profile
    why_no_profile = None if profile is not None else NO_PROFILE
    if profile is None and subject.identity is not None:
        profile, why_no_profile = _beside(file.with_name(PROFILE_JSON), Profile.load, subject, beside)
    validation, why_no_validation = _beside(file.with_name(VALIDATION_JSON), Validation.load, subject, beside)
    if not file.with_name(VALIDATION_JSON).is_file():
        why_no_validation = None
    traced = _traced(file, subject, beside)
    return ReportData(profile, analysis, why_no_profile, None, validation, why_no_validation, *traced)


def _with_validation(file: Path, validation: Validation) -> ReportData:
    subject = validation.subject
    beside = "the validation"
    analysis, why_no_analysis = _beside(file.with_name(REPORT_JSON), Analysis.load, subject, beside)
    profile, why_no_profile = _beside(file.with_name(PROFILE_JSON), Profile.load, subject, beside)
    traced = _traced(file, subject, beside)
    return ReportData(profile, analysis, why_no_profile, why_no_analysis, validation, None, *traced)


def _traced(file: Path, subject: Identified, beside: str) -> tuple[Trace | None, str | None]:
    """The trace of the same model beside a file; without a reason where there is none at all."""
    path = file.with_name(TRACE_JSON)
    return _beside(path, Trace.load, subject, beside) if path.is_file() else (None, None)


def _beside(
    path: Path, load: Callable[[Path], Result], subject: Identified, what: str
) -> tuple[Result | None, str | None]:
    """The result of the same model beside another, or why there is none."""
    if not path.is_file():
        return None, f"there is no {path.name} beside {what}"
    try:
        result = load(path)
    except (ProfileError, AnalysisError, ValidationError, TraceError, CheckError, SpectraError) as error:
        return None, f"the {path.name} beside {what} cannot be used: {error}"
    other = result.subject
    if subject.identity is None or other is None:  # a check tells of no model where the file is not readable
        return None, f"whether the {path.name} beside {what} is of the same model cannot be told"
    if not same_model(other, subject):
        return None, f"the {path.name} beside {what} is of another model"
    return result, None


_READERS: dict[str, Callable[[Path], ReportData]] = {
    _kind(schema): read
    for schema, read in {
        ANALYSIS_SCHEMA: lambda file: _with_analysis(file, Analysis.load(file)),
        BITS_SCHEMA: lambda file: ReportData.of_bits(Bits.load(file)),
        DIFF_SCHEMA: lambda file: ReportData.of_diff(Diff.load(file)),
        PROFILE_SCHEMA: lambda file: ReportData(Profile.load(file), None, None, NO_ANALYSIS),
        PROFILE_DIFF_SCHEMA: lambda file: ReportData.of_profile_diff(ProfileDiff.load(file)),
        SPECTRA_SCHEMA: lambda file: ReportData.of_spectra(Spectra.load(file)),
        TRACE_SCHEMA: lambda file: ReportData.of_trace(Trace.load(file)),
        VALIDATION_SCHEMA: lambda file: _with_validation(file, Validation.load(file)),
    }.items()
}
