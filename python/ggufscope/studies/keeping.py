"""Tells the parts in a directory that are still true, why the others are not, and results of another model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..errors import AnalysisError, ProfileError, SpectraError, StudyError, TraceError, ValidationError
from ..models.subject import told_apart
from ..saving.directories import remove_ours
from .digests import file_digest
from .parts import PARTS
from .study_document import STUDY_FORM, STUDY_JSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ..models.subject import Subject
    from .choices import Setting
    from .part import Part, Work
    from .study_document import Finished, StudyDocument

_MALFORMED = (AnalysisError, ProfileError, SpectraError, TraceError, ValidationError)


class OutdatedError(Exception):
    """A part cannot be kept; the message is the reason, None where there is nothing to say: it was never made."""

    @property
    def reason(self) -> str | None:
        return str(self) or None


@dataclass(frozen=True)
class Wanted:
    """Settings and inputs that have to be the same for a part to be kept.

    Attributes:
        settings: None where they do not count, since this run does not make the part.
        inputs: part → digest of its files.
    """

    settings: Mapping[str, Setting] | None
    inputs: Mapping[str, str]


def load_kept(part: Part, finished: Finished | None, work: Work, wanted: Wanted) -> Any:
    """A part that stands in the directory, loaded.

    Raises:
        OutdatedError: It cannot be kept.
        OSError: A file cannot be read.
    """
    directory = work.directory
    if finished is None:
        there = (directory / part.files[0]).is_file()
        raise OutdatedError(f"{part.files[0]} is there, but this study did not make it" if there else "")
    if finished.version != __version__:
        raise OutdatedError(f"made by ggufscope {finished.version}")
    if wanted.settings is not None and dict(wanted.settings) != finished.settings:
        names = sorted(finished.settings.keys() | wanted.settings.keys())
        changed = [name for name in names if finished.settings.get(name) != wanted.settings.get(name)]
        raise OutdatedError(f"made with other {', '.join(changed)}")
    if dict(wanted.inputs) != finished.inputs:
        names = sorted(finished.inputs.keys() | wanted.inputs.keys())
        changed = [name for name in names if finished.inputs.get(name) != wanted.inputs.get(name)]
        raise OutdatedError(f"made from another {', '.join(changed)}")
    _check_files(finished, directory)
    if not finished.complete:
        raise OutdatedError("it was interrupted")
    return _loaded(part, work)


def _check_files(finished: Finished, directory: Path) -> None:
    for name, expected in finished.files.items():
        if not (directory / name).is_file():
            raise OutdatedError(f"{name} is missing")
        if file_digest(directory / name) != expected:
            raise OutdatedError(f"{name} was changed")


def _loaded(part: Part, work: Work) -> Any:
    if part.load is None:
        return None
    try:
        result = part.load(work.directory)
    except _MALFORMED as error:
        raise OutdatedError(str(error)) from None
    if result.of_older_schema:
        raise OutdatedError(f"of schema {result.document.schema}, whose numbers mean something else")
    if not work.is_of(result.subject):
        raise OutdatedError("of another model")
    if part.hashes and work.choices.hashed and result.subject.file_hashes is None:
        raise OutdatedError("made without hashes of the whole files")
    return result


def read_earlier(work: Work) -> StudyDocument | None:
    """The study that a directory holds already; None without one.

    Raises:
        StudyError: It, or any result beside it, is of another model; or its state is malformed.
        OSError: A file cannot be read.
    """
    directory, earlier = work.directory, None
    if (directory / STUDY_JSON).is_file():
        try:
            earlier = STUDY_FORM.read(directory / STUDY_JSON)
        except StudyError as error:
            raise StudyError(f"{error}; fresh=True starts over") from None
        if not work.is_of(earlier.model):
            raise _of_another(STUDY_JSON, earlier.model, work)
    known = {part.name: part.files for part in earlier.finished} if earlier else {}
    for part in PARTS.values():
        _refuse_another(part, known.get(part.name, {}), work)
    return earlier


def _refuse_another(part: Part, known: Mapping[str, str], work: Work) -> None:
    """Raise StudyError where a file holds a result of another model; one that the study knows has its identity."""
    path = work.directory / part.files[0]
    if part.load is None or not path.is_file():
        return
    if not work.choices.hashed and known.get(path.name) == file_digest(path):
        return  # of the model of the study, which was looked at; but a study may know no hashes that its results do
    try:
        result = part.load(work.directory)
    except _MALFORMED:
        return  # no result of any model: it is made again, which says why
    if not work.is_of(result.subject):
        raise _of_another(path.name, result.subject, work)


def _of_another(file: str, other: Subject, work: Work) -> StudyError:
    mark, expected = told_apart(other, work.subject)
    return StudyError(
        f"{work.directory}: {file} is of another model, {other.title!r} ({mark}), not of {work.subject.title!r}"
        f" ({expected}): choose another directory, or start over with fresh=True"
    )


def files_of(part: Part, directory: Path) -> list[str]:
    """Names of the part's files that are there."""
    paths = [path for kind in part.files for path in sorted(directory.glob(kind)) if path.is_file()]
    return list(dict.fromkeys(path.relative_to(directory).as_posix() for path in paths))


def remove(paths: Iterable[Path]) -> None:
    """Remove files that are there and of ggufscope.

    Raises:
        OutputError: One cannot be removed.
    """
    for path in paths:
        remove_ours(path)


def digest(finished: Finished) -> str:
    """Of all files of a part: another one of the same part has another."""
    return hashlib.sha256(json.dumps(finished.files, sort_keys=True).encode()).hexdigest()
