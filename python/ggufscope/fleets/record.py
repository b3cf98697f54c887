"""The record of a model in a fleet: what a later run asks for, and what lists of many models show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..checks.check_document import SCHEMA as CHECK_SCHEMA
from ..checks.facts import contents_of
from ..errors import ExitCode, FleetError, exit_code, one_line
from ..models.subject import title_of
from ..profiles.saved import SCHEMA as PROFILE_SCHEMA
from ..saving.form import SavedForm
from ..text.names import short_name

if TYPE_CHECKING:
    from ..checks.check_document import CheckDocument
    from ..models.summary import ModelSummary
    from ..profiles.profile_records import ProfileSettings
    from .sources import FileState, Source

SCHEMA = "ggufscope.record/1"
TABLES_VERSION = 1  # of the columns of the tables
State = Literal["measured", "failed"]
Verdict = Literal["sound", "warnings", "errors", "failed"]


@dataclass(frozen=True)
class Made:
    """Everything that a kept directory has to have in common with one that would be made.

    Attributes:
        files: of the model on this machine, as they were; empty where they lie elsewhere.
        settings: of the profile.
        schemas: of the files in the directory.
    """

    files: list[dict[str, Any]]
    settings: dict[str, Any]
    schemas: dict[str, str]

    @classmethod
    def of(cls, files: list[FileState], settings: ProfileSettings) -> Made:
        states = [{"name": file.name, "size": file.size, "modified_ns": file.modified_ns} for file in files]
        schemas = {"profile": PROFILE_SCHEMA, "check": CHECK_SCHEMA, "tables": str(TABLES_VERSION)}
        return cls(states, settings.to_json(), schemas)


@dataclass(frozen=True)
class ModelFacts:
    """A model of a fleet in a line.

    Attributes:
        model: the value of its partition.
        source: the name it was opened by, without secrets.
        state: `"measured"`, or `"failed"` where it could not be.
        verdict: of `check`: `"sound"`, `"warnings"` or `"errors"`; `"failed"` where there is none.
        title: of the model; text from its file, to be escaped.
        contents: `"model"`, `"adapter"`, `"projector"`, `"imatrix"`, `"vocabulary"` or `"other"`; None of a failed one.
        architecture: `general.architecture`.
        file_type: that the file declares.
        n_elements: parameters.
        n_bytes: of all tensors.
        bits_per_weight: stored bits per parameter.
        n_errors: findings of that severity.
        n_warnings: likewise.
        finding: the gravest finding in a sentence; None where the model is sound.
        failure: the line that tells why it could not be measured.
        exit_code: that a command on this model alone would end with.
    """

    model: str
    source: str
    state: State
    verdict: Verdict
    title: str
    contents: str | None
    architecture: str | None
    file_type: str | None
    n_elements: int | None
    n_bytes: int | None
    bits_per_weight: float | None
    n_errors: int | None
    n_warnings: int | None
    finding: str | None
    failure: str | None
    exit_code: int

    @classmethod
    def of_measured(cls, source: Source, summary: ModelSummary, verdict: CheckDocument) -> ModelFacts:
        """Of a profile and a verdict."""
        n_errors, n_warnings = verdict.counts["error"], verdict.counts["warning"]
        grave = [finding for finding in verdict.findings if finding.severity != "note"]
        return cls(
            model=source.partition,
            source=source.shown,
            state="measured",
            verdict="errors" if n_errors else "warnings" if n_warnings else "sound",
            title=title_of(summary.name, short_name(source.shown), summary.architecture),
            contents=contents_of(summary.general_type, summary.architecture, summary.n_tensors),
            architecture=summary.architecture,
            file_type=summary.file_type,
            n_elements=summary.n_elements,
            n_bytes=summary.n_bytes,
            bits_per_weight=summary.bits_per_weight,
            n_errors=n_errors,
            n_warnings=n_warnings,
            finding=f"{grave[0].rule}: {grave[0].sentence}" if grave else None,
            failure=None,
            exit_code=ExitCode.NEGATIVE.value if n_errors else ExitCode.FINE.value,
        )

    @classmethod
    def of_failure(cls, source: Source, error: BaseException) -> ModelFacts:
        """Of what was raised in place of a profile."""
        return cls(
            model=source.partition,
            source=source.shown,
            state="failed",
            verdict="failed",
            title=short_name(source.shown) or source.shown,
            contents=None,
            architecture=None,
            file_type=None,
            n_elements=None,
            n_bytes=None,
            bits_per_weight=None,
            n_errors=None,
            n_warnings=None,
            finding=None,
            failure=one_line(error),
            exit_code=exit_code(error).value,
        )


@dataclass(frozen=True)
class Record:
    """The origin and verdict of a model, kept beside its results.

    Attributes:
        schema: of this record.
        facts: the model in a line.
        made: what the directory was made from, and with.
    """

    schema: str
    facts: ModelFacts
    made: Made


RECORD_FORM: SavedForm[Record] = SavedForm(
    kind="a record of a fleet",
    noun="record",
    schema=SCHEMA,
    types=lambda: Record,
    error=FleetError,
    digits=None,
    checked_when_written=False,
)
