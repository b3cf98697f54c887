"""What a report shows: the saved results that belong to one model, read once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis.document import SCHEMA as ANALYSIS_SCHEMA
from ..analysis.result import PROFILE_JSON, REPORT_JSON, Analysis
from ..errors import AnalysisError, ProfileError
from ..profiles import SCHEMA as PROFILE_SCHEMA
from ..profiles import Profile

if TYPE_CHECKING:
    from os import PathLike

NO_ANALYSIS = "only a profile was given, no analysis"
NO_PROFILE_SAVED = f"there is no {PROFILE_JSON} beside the analysis"
NO_PROFILE = "the analysis was not made from a profile of the tensors"


@dataclass(frozen=True)
class ReportData:
    """The results to show; renderers compute nothing beyond them.

    Attributes:
        profile: statistics of the tensors; None where there are none.
        analysis: the static analysis; None where there is none.
        why_no_profile: the reason, for the reader; None where there is one.
        why_no_analysis: the same of the analysis.
    """

    profile: Profile | None
    analysis: Analysis | None
    why_no_profile: str | None = None
    why_no_analysis: str | None = None

    @classmethod
    def of(cls, result: Profile | Analysis) -> ReportData:
        """From a profile or an analysis in memory."""
        if isinstance(result, Profile):
            return cls(result, None, None, NO_ANALYSIS)
        return cls(result.profile, result, None if result.profile else NO_PROFILE)

    @property
    def title(self) -> str:
        """What to call the model; text from its file, to be escaped."""
        if self.analysis is not None:
            return self.analysis.document.model.title
        return self.profile.title if self.profile is not None else "unnamed model"


def read_report_data(path: str | PathLike[str]) -> ReportData:
    """Read a saved profile or analysis; with an analysis also the profile of the same model beside it.

    Args:
        path: `profile.json` or `analysis-report.json`, whatever they are called, or a directory that holds one.

    Raises:
        AnalysisError: A malformed analysis, or one of another schema version.
        ProfileError: Neither a profile nor an analysis, or a malformed profile.
        OSError: The file cannot be read.
    """
    file = _in_directory(Path(path))
    if _schema(file).startswith(ANALYSIS_SCHEMA.partition("/")[0]):
        analysis = Analysis.load(file)
        profile, reason = _profile_beside(file, analysis)
        return ReportData(profile, analysis, reason)
    return ReportData(Profile.load(file), None, None, NO_ANALYSIS)


def _in_directory(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = [path / name for name in (REPORT_JSON, PROFILE_JSON) if (path / name).is_file()]
    return found[0] if found else path / REPORT_JSON


def _schema(file: Path) -> str:
    """The schema a file names.

    Raises:
        ProfileError: It names none that a report can show.
    """
    with file.open("rb") as opened:
        head = opened.read(4)
        data = head if head == b"GGUF" else head + opened.read()
    if data == b"GGUF":
        raise ProfileError(f"{file}: a GGUF model; profile or analyze it first")
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or not schema.startswith("ggufscope."):
        raise ProfileError(f"{file}: neither a saved profile nor a saved analysis")
    if not schema.startswith(tuple(name.partition("/")[0] + "/" for name in (ANALYSIS_SCHEMA, PROFILE_SCHEMA))):
        raise ProfileError(f"{file}: nothing to report on in schema {schema!r}")
    return schema


def _profile_beside(file: Path, analysis: Analysis) -> tuple[Profile | None, str | None]:
    """The profile of the same model in the same directory, or why there is none."""
    beside = file.with_name(PROFILE_JSON)
    if analysis.document.model.identity is None:
        return None, NO_PROFILE
    if not beside.is_file():
        return None, NO_PROFILE_SAVED
    try:
        profile = Profile.load(beside)
    except (ProfileError, AnalysisError) as error:
        return None, f"the {PROFILE_JSON} beside the analysis cannot be used: {error}"
    if profile.model.identity != analysis.document.model.identity:
        return None, f"the {PROFILE_JSON} beside the analysis is of another model"
    return profile, None
