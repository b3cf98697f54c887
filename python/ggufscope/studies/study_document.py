"""The layout of the state of a study, schema `ggufscope.study/1`.

These classes are the schema: STUDY_FORM checks a file against them, field by field. Names of files in it are followed,
so they must be names of the part that they stand under, and stay inside the directory.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..errors import StudyError
from ..models.subject import Subject
from ..saving.form import SavedForm
from .choices import Setting  # noqa: TC001  pydantic resolves the annotations
from .parts import PARTS

if TYPE_CHECKING:
    from ..saving.form import Plain

SCHEMA = "ggufscope.study/1"
STUDY_JSON = "study.json"
DIGITS = 7  # of times

MADE, KEPT, FAILED, LEFT_OUT, INTERRUPTED = STATES = ("made", "kept", "failed", "left out", "interrupted")


@dataclass(frozen=True)
class StudiedModel(Subject):
    """The model; the file has its title and not its name, which is None in a study that was loaded."""

    file: str
    identity: str


@dataclass(frozen=True)
class Finished:
    """A part that stands in the directory, and what has to be the same for it to be kept.

    Attributes:
        name: of the part.
        version: of ggufscope, which made it.
        settings: choices that it depends on.
        inputs: part that it was made from → digest of that part's files.
        files: name in the directory → SHA-256 of the content.
        seconds: that making it took.
        complete: False for a trace whose answers, or spectra whose matrices were interrupted.
    """

    name: str
    version: str
    settings: dict[str, Setting]
    inputs: dict[str, str]
    files: dict[str, str]
    seconds: float
    complete: bool


@dataclass(frozen=True)
class Step:
    """One part in the last run.

    Attributes:
        name: of the part.
        state: `"made"`; `"kept"`: it was there; `"failed"`: it could not be made; `"left out"`: something it is made
            from, or of use with, is missing; `"interrupted"`: by Ctrl-C.
        reason: why it was made again, or why it is not there; None where there is nothing to say.
        seconds: spent on it in that run.
        files: names of its files in the directory.
    """

    name: str
    state: str
    reason: str | None
    seconds: float
    files: list[str]


@dataclass(frozen=True)
class StudyRun:
    """The last run: when it began (UTC, ISO 8601), and how long it has taken until the last part.

    Attributes:
        started: UTC, ISO 8601.
        seconds: of the clock on the wall.
        threads: that were used at most.
    """

    started: str
    seconds: float
    threads: int


@dataclass(frozen=True)
class StudyDocument:
    """The whole file.

    Attributes:
        schema: name and version of this layout.
        version: of ggufscope, of the last run.
        model: that is studied.
        finished: parts in the directory, also those the last run had nothing to do with.
        steps: of the last run, in order.
        run: the last one.
    """

    schema: str
    version: str
    model: StudiedModel
    finished: list[Finished]
    steps: list[Step]
    run: StudyRun


def _check_parts(document: StudyDocument) -> None:
    """Parts and states are known, and every file is one that its part writes."""
    for place, parts in (("finished", document.finished), ("steps", document.steps)):
        names = [part.name for part in parts]
        if len(set(names)) != len(names) or not set(names) <= set(PARTS):
            raise StudyError(f"malformed study: {place}: a part that there is not, or that stands there twice")
    for number, part in enumerate(document.finished):
        if not part.files:
            raise StudyError(f"malformed study: finished.{number}.files: {part.name} without any")
        for name in part.files:
            if not _may_write(part.name, name):
                raise StudyError(f"malformed study: finished.{number}.files: {name!r} is no file of {part.name}")
    for number, step in enumerate(document.steps):
        if step.state not in STATES:
            raise StudyError(f"malformed study: steps.{number}.state: {step.state!r} is none of {', '.join(STATES)}")


def _may_write(part: str, name: str) -> bool:
    """Whether a part writes files of that name, below its directory."""
    return ".." not in PurePosixPath(name).parts and any(fnmatchcase(name, kind) for kind in PARTS[part].files)


def _without_name(plain: Plain) -> Plain:
    del plain["model"]["name"]
    return plain


def _with_name(plain: Plain) -> Plain:
    model = plain.get("model")
    return {**plain, "model": {**model, "name": None}} if isinstance(model, dict) else plain


STUDY_FORM: SavedForm[StudyDocument] = SavedForm(
    kind="the state of a study",
    noun="study",
    schema=SCHEMA,
    types=lambda: StudyDocument,
    error=StudyError,
    digits=DIGITS,
    check=_check_parts,
    arrange=_without_name,
    restore=_with_name,
    optional=("model.file_hashes",),
)
