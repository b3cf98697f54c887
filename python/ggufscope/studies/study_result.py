"""A study that was made: its state, and the results in its directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..report.notebook.html import line_html, table_html
from ..saving.results import SavedResult
from .parts import PARTS
from .study_document import FAILED, STUDY_FORM, STUDY_JSON

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ..analysis import Analysis
    from ..profiles.profile_result import Profile
    from ..runtime import Trace
    from ..spectral import Spectra
    from ..validation import Validation
    from .study_document import Finished, Step, StudyDocument

_MOST_NAMED = 3  # files of a part


class Study(SavedResult):
    """The state of a study, and the results in its directory; made by `ggufscope.study`.

    Attributes:
        document: the state, as saved in `study.json`.
        directory: where everything is.
    """

    _form = STUDY_FORM
    document: StudyDocument

    def __init__(self, document: StudyDocument, directory: Path, results: dict[str, Any] | None = None) -> None:
        self.document = document
        self.directory = directory
        self._results = dict(results or {})

    @property
    def steps(self) -> dict[str, Step]:
        """Steps of the last run, by part."""
        return {step.name: step for step in self.document.steps}

    @property
    def finished(self) -> dict[str, Finished]:
        """The parts in the directory."""
        return {part.name: part for part in self.document.finished}

    @property
    def failures(self) -> dict[str, str]:
        """Reasons why parts could not be made, by part."""
        return {step.name: step.reason or "" for step in self.document.steps if step.state == FAILED}

    @property
    def profile(self) -> Profile | None:
        """The profile."""
        return cast("Profile | None", self._result("profile"))

    @property
    def analysis(self) -> Analysis | None:
        """The analysis; None where there is none."""
        return cast("Analysis | None", self._result("analysis"))

    @property
    def trace(self) -> Trace | None:
        """The trace of the prompts; None where there is none."""
        return cast("Trace | None", self._result("trace"))

    @property
    def probe(self) -> Trace | None:
        """The trace of the probe; None where there is none."""
        return cast("Trace | None", self._result("probe"))

    @property
    def spectra(self) -> Spectra | None:
        """The singular values of the matrices; None where nobody asked for them."""
        return cast("Spectra | None", self._result("spectra"))

    @property
    def validation(self) -> Validation | None:
        """The validation; None where there is none."""
        return cast("Validation | None", self._result("validation"))

    def files(self, part: str) -> list[Path]:
        """The files of a part, in the order in which they were written; [] where there are none."""
        return [self.directory / name for name in self.finished[part].files] if part in self.finished else []

    def _result(self, part: str) -> Any:
        load = PARTS[part].load
        if part not in self._results and part in self.finished and load is not None:
            self._results[part] = load(self.directory)
        return self._results.get(part)

    @classmethod
    def load(cls, directory: str | PathLike[str]) -> Study:
        """Read the study in a directory; results are read when they are first asked for.

        Raises:
            StudyError: Its state is malformed, or of another schema version; names the place.
            OSError: There is none, or it cannot be read.
        """
        return cls(STUDY_FORM.read(Path(directory) / STUDY_JSON), Path(directory))

    def _value(self) -> Any:
        return super()._value(), self.directory

    def _repr_html_(self) -> str:
        """The steps of the last run, and where they wrote."""
        rows = [
            (step.name, step.state, f"{step.seconds:.1f}", _files_text(step.files), step.reason or "")
            for step in self.document.steps
        ]
        line = line_html(self.title, f"study in {self.directory}")
        told = "" if self.validation is None else self.validation._repr_html_()
        return line + table_html(("part", "", "seconds", "files", "why"), rows) + told

    def _summary(self) -> str:
        return ", ".join(self.finished) or "nothing finished"


def _files_text(names: Sequence[str]) -> str:
    """The first files of a part, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join([*names[:_MOST_NAMED], *([f"{more} more"] if more > 0 else [])])
