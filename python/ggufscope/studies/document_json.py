"""The state of a study as text, checked when it is read: its names of files are followed, so they must stay inside."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..errors import StudyError
from ..saving.form import SavedForm
from .parts import PARTS
from .study_document import SCHEMA, STATES, STUDY_JSON, StudyDocument

if TYPE_CHECKING:
    from pathlib import Path

DIGITS = 7  # of times

_FORM = SavedForm("the state of a study", "study", SCHEMA, StudyDocument, StudyError, DIGITS)


def document_to_json(document: StudyDocument) -> str:
    """The text of the saved file."""
    return _FORM.to_json(document)


def document_from_json(data: bytes | str) -> StudyDocument:
    """Check the text of a saved file.

    Raises:
        StudyError: It is not one; names the place.
    """
    document = _FORM.from_json(data)
    for place, entries in (("finished", document.finished), ("steps", document.steps)):
        names = [entry.name for entry in entries]
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
    return document


def _may_write(part: str, name: str) -> bool:
    """Whether a part writes files of that name, below its directory."""
    return ".." not in PurePosixPath(name).parts and any(fnmatchcase(name, kind) for kind in PARTS[part].files)


def read_document(directory: Path) -> StudyDocument:
    """The state of the study in a directory.

    Raises:
        StudyError: Malformed; names the file and the place.
        OSError: The file cannot be read.
    """
    path = directory / STUDY_JSON
    try:
        return document_from_json(path.read_bytes())
    except StudyError as error:
        raise StudyError(f"{path}: {error}") from None
