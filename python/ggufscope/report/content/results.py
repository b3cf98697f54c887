"""The results that a report shows: those that belong to one model, read once."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...analysis.analysis_document import SCHEMA as ANALYSIS_SCHEMA
from ...analysis.analysis_result import PROFILE_JSON, REPORT_JSON, Analysis
from ...diffs import Diff
from ...diffs.budgets.bits_document import SCHEMA as BITS_SCHEMA
from ...diffs.budgets.bits_result import Bits
from ...diffs.diff_document import SCHEMA as DIFF_SCHEMA
from ...errors import AnalysisError, ProfileError, ValidationError
from ...models.subject import UNNAMED, same_model
from ...profiles.profile_result import Profile
from ...profiles.saved import SCHEMA as PROFILE_SCHEMA
from ...saving.reading import open_input, read_whole, starts_as_model
from ...validation.validation_document import SCHEMA as VALIDATION_SCHEMA
from ...validation.validation_result import VALIDATION_JSON, Validation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from ...models.subject import Identified, Subject


Result = TypeVar("Result", Profile, Analysis, Validation)

NO_ANALYSIS = "only a profile was given, no analysis"
NO_PROFILE = "the analysis was not made from a profile of the tensors"
_SAME_WEIGHT = 1e-6  # relative; files keep seven to nine digits


@dataclass(frozen=True)
class ReportData:
    """The results to show; renderers compute nothing beyond them.

    Attributes:
        profile: statistics of the tensors; None where there are none.
        analysis: the static analysis; None where there is none.
        why_no_profile: the reason, for the reader; None where there is one.
        why_no_analysis: the same of the analysis.
        validation: predicted against measured; None where there is none.
        why_no_validation: why the one that is there cannot be shown; None also where there is none at all: a report
            does not speak of a validation that was never made.
        diff: models held against a reference; then there is nothing else.
        bits: a choice of types; likewise.
    """

    profile: Profile | None
    analysis: Analysis | None
    why_no_profile: str | None = None
    why_no_analysis: str | None = None
    validation: Validation | None = None
    why_no_validation: str | None = None
    diff: Diff | None = None
    bits: Bits | None = None

    @classmethod
    def of_diff(cls, diff: Diff) -> ReportData:
        """From a diff in memory."""
        return cls(None, None, diff=diff)

    @classmethod
    def of_bits(cls, bits: Bits) -> ReportData:
        """From a choice of types in memory."""
        return cls(None, None, bits=bits)

    @classmethod
    def of(cls, result: Profile | Analysis, validation: Validation | None = None) -> ReportData:
        """From a profile or an analysis in memory, and a validation of the same model."""
        if isinstance(result, Profile):
            return cls(result, None, None, NO_ANALYSIS, validation)
        return cls(result.profile, result, None if result.profile else NO_PROFILE, None, validation)

    @classmethod
    def of_analysis_in(cls, directory: Path, analysis: Analysis) -> ReportData:
        """From an analysis in memory that was saved in a directory, and what else stands there of the same model."""
        return _with_analysis(directory / REPORT_JSON, analysis)

    @property
    def subject(self) -> Subject | None:
        """The model as the analysis names it, or else the profile, the validation, or the reference of a diff."""
        if self.diff is not None:
            return self.diff.subject
        if self.bits is not None:
            return self.bits.subject
        if self.analysis is not None:
            return self.analysis.document.model
        if self.profile is not None:
            return self.profile.subject
        return self.validation.document.model if self.validation is not None else None

    @property
    def title(self) -> str:
        """The name of the model; text from its file, to be escaped."""
        return self.subject.title if self.subject is not None else UNNAMED

    @property
    def n_elements(self) -> int | None:
        """The number of parameters; None where no result says."""
        if self.diff is not None:
            return self.diff.document.reference.n_elements
        if self.bits is not None:
            return self.bits.document.reference.n_elements
        if self.profile is not None:
            return self.profile.model.n_elements
        return self.analysis.document.model.n_elements if self.analysis is not None else None

    @property
    def validation_alone(self) -> bool:
        """Whether there is nothing else: then nothing about weights is missing, it is not what the report is about."""
        return self.validation is not None and self.analysis is None and self.profile is None

    @property
    def speaks_of_pairs(self) -> bool:
        """Whether the report is of models beside a reference, and says nothing of one by itself."""
        return self.diff is not None or self.bits is not None


def read_report_data(path: str | PathLike[str]) -> ReportData:
    """Read a saved profile, analysis, validation, diff or choice of types, with what stands beside it of the model.

    Beside an analysis that is its profile and a validation, beside a validation an analysis and a profile.

    Args:
        path: `profile.json`, `analysis-report.json`, `validation.json`, a diff or a choice of types, whatever they are
            called, or a directory that holds one of the first three.

    Raises:
        AnalysisError: A malformed analysis, or one of another schema version.
        BitsError: A malformed choice of types, or one of another schema version.
        DiffError: A malformed diff, or one of another schema version.
        ProfileError: None of these, or a malformed profile.
        ValidationError: A malformed validation, or one of another schema version.
        OSError: The file cannot be read.
    """
    file = _in_directory(Path(path))
    kind = _kind(_schema(file))
    if kind == _kind(ANALYSIS_SCHEMA):
        return _with_analysis(file, Analysis.load(file))
    if kind == _kind(VALIDATION_SCHEMA):
        return _with_validation(file, Validation.load(file))
    if kind == _kind(DIFF_SCHEMA):
        return ReportData.of_diff(Diff.load(file))
    if kind == _kind(BITS_SCHEMA):
        return ReportData.of_bits(Bits.load(file))
    return ReportData(Profile.load(file), None, None, NO_ANALYSIS)


def _in_directory(path: Path) -> Path:
    if not path.is_dir():
        return path
    files = [path / name for name in (REPORT_JSON, VALIDATION_JSON, PROFILE_JSON) if (path / name).is_file()]
    return files[0] if files else path / REPORT_JSON


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
        raise ProfileError(f"{file}: neither a saved profile nor a saved analysis, validation, diff or choice of types")
    if (
        _kind(schema) not in map(_kind, (ANALYSIS_SCHEMA, BITS_SCHEMA, DIFF_SCHEMA, PROFILE_SCHEMA, VALIDATION_SCHEMA))
        or "/" not in schema
    ):
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
    return ReportData(profile, analysis, why_no_profile, None, validation, why_no_validation)


def _with_validation(file: Path, validation: Validation) -> ReportData:
    subject = validation.subject
    beside = "the validation"
    analysis, why_no_analysis = _beside(file.with_name(REPORT_JSON), Analysis.load, subject, beside)
    profile, why_no_profile = _beside(file.with_name(PROFILE_JSON), Profile.load, subject, beside)
    return ReportData(profile, analysis, why_no_profile, why_no_analysis, validation)


def _beside(
    path: Path, load: Callable[[Path], Result], subject: Identified, what: str
) -> tuple[Result | None, str | None]:
    """The result of the same model beside another, or why there is none."""
    if not path.is_file():
        return None, f"there is no {path.name} beside {what}"
    try:
        result = load(path)
    except (ProfileError, AnalysisError, ValidationError) as error:
        return None, f"the {path.name} beside {what} cannot be used: {error}"
    if subject.identity is None:
        return None, f"whether the {path.name} beside {what} is of the same model cannot be told"
    if not same_model(result.subject, subject):
        return None, f"the {path.name} beside {what} is of another model"
    return result, None


def other_settings(data: ReportData) -> list[str]:
    """The differences of the analysis that was validated from the one that is shown beside it."""
    if data.analysis is None or data.validation is None:
        return []
    return list(_differences(data.analysis, data.validation))


def _differences(analysis: Analysis, validation: Validation) -> Iterator[str]:
    shown, compared = analysis.document, validation.document.analysis
    presets = [preset.name for preset in (shown.preset, *shown.other_presets)]
    if presets != compared.presets:
        yield f"presets {', '.join(compared.presets)}, here {', '.join(presets)}"
    for name in ("norm", "scale"):
        if getattr(shown.settings, name) != getattr(compared, name):
            yield f"{name} {getattr(compared, name)}, here {getattr(shown.settings, name)}"
    weights = shown.settings.weights
    if weights.keys() != compared.weights.keys() or not all(
        math.isclose(weights[name], weight, rel_tol=_SAME_WEIGHT) for name, weight in compared.weights.items()
    ):
        yield "other weights of the index"
