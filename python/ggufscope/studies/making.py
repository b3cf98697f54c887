"""One part after the other, each made or kept, and written down."""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING

from .._core import GGUFError
from .._version import __version__
from ..errors import (
    AnalysisError,
    Interrupted,
    OutputError,
    ProfileError,
    SpectraError,
    TraceError,
    ValidationError,
    one_line,
)
from ..runtime import TraceInterrupted
from ..spectral import SpectraInterrupted
from .digests import file_digest
from .keeping import OutdatedError, Wanted, digest, load_kept, remove
from .parts import PARTS
from .study_document import (
    FAILED,
    INTERRUPTED,
    KEPT,
    LEFT_OUT,
    MADE,
    SCHEMA,
    STUDY_JSON,
    Finished,
    Step,
    StudiedModel,
    StudyDocument,
    StudyRun,
)
from .study_result import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .choices import Setting
    from .part import Part, Work

# What a model may be to blame for: the parts that do not need the one that failed are made all the same.
_FAILURES = (AnalysisError, GGUFError, MemoryError, ProfileError, SpectraError, TraceError, ValidationError)


class StudyInterrupted(Interrupted):
    """Ctrl-C: what was finished is kept; `part` is the one that was being made."""

    def __init__(self, part: str) -> None:
        super().__init__(part, message=f"what is finished is kept, and the same command goes on with the {part}")
        self.part = part


class Making:
    """One pass over all parts: each is made, kept or left out.

    Args:
        work: means that parts are made with.
        earlier: the study that the directory holds already; None without one.
        finished: called with each step when it is over.
    """

    def __init__(self, work: Work, earlier: StudyDocument | None, finished: Callable[[Step], object] | None) -> None:
        self._work = work
        self._told = finished
        self._finished = {part.name: part for part in earlier.finished} if earlier else {}
        self._current: dict[str, str] = {}  # parts that are true → digest
        self._steps: list[Step] = []
        self._started, self._clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
        self._written = self._document()  # as it stands in the directory after the first step

    def all(self) -> Study:
        """Settle every part.

        Raises:
            StudyInterrupted: Ctrl-C; what was finished is kept.
        """
        for part in PARTS.values():
            clock = time.perf_counter()
            try:
                self._settle(part, clock)
            except KeyboardInterrupt as stopped:
                if isinstance(stopped, (TraceInterrupted, SpectraInterrupted)):
                    self._record(part, [self._work.directory / name for name in part.files], clock, complete=False)
                if all(step.name != part.name for step in self._steps):  # else it was over already
                    self._steps.append(Step(part.name, INTERRUPTED, None, round(time.perf_counter() - clock, 3), []))
                self._write()
                raise StudyInterrupted(part.name) from stopped
        return Study(self._written, self._work.directory, self._work.results)

    def _settle(self, part: Part, clock: float) -> None:
        if not part.wanted(self._work.choices):
            self._carry(part)
            return
        lacking = [name for name in (*part.needs, *part.beside) if name not in self._current]
        if lacking:
            self._drop(part)
            self._step(part, LEFT_OUT, f"there is no {lacking[0]}", clock)
            return
        try:
            self._keep(part, part.settings(self._work.choices))
            self._step(part, KEPT, None, clock)
        except OutdatedError as outdated:
            self._make(part, outdated.reason, clock)

    def _carry(self, part: Part) -> None:
        """A part that this run has nothing to do with: it counts where it is true, but its settings are its own."""
        if part.runs_model and self._work.choices.traced:
            return  # the choices say that there is to be none
        try:
            self._keep(part, None)
        except OutdatedError:
            self._drop(part)

    def _keep(self, part: Part, settings: Mapping[str, Setting] | None) -> None:
        finished = self._finished.get(part.name)
        wanted = Wanted(settings, self._inputs(part))
        result = load_kept(part, finished, self._work, wanted)
        if finished is not None:
            self._current[part.name] = digest(finished)
            self._work.results[part.name] = result

    def _inputs(self, part: Part) -> dict[str, str]:
        return {name: self._current[name] for name in (*part.needs, *part.uses) if name in self._current}

    def _make(self, part: Part, reason: str | None, clock: float) -> None:
        try:
            made = part.make(self._work)
        except _FAILURES as error:
            if not self._steps:
                raise  # without a profile there is nothing to go on with
            self._drop(part)
            self._step(part, FAILED, one_line(error), clock)
            return
        finished = self._record(part, made.files, clock)
        self._current[part.name] = digest(finished)
        self._work.results[part.name] = made.result
        self._step(part, MADE, reason, clock)

    def _record(self, part: Part, files: list[Path], clock: float, *, complete: bool = True) -> Finished:
        directory = self._work.directory
        self._finished[part.name] = finished = Finished(
            name=part.name,
            version=__version__,
            settings=part.settings(self._work.choices) or {},
            inputs=self._inputs(part),
            files={path.relative_to(directory).as_posix(): _written_digest(path) for path in files},
            seconds=round(time.perf_counter() - clock, 3),
            complete=complete,
        )
        return finished

    def _drop(self, part: Part) -> None:
        """Remove files that show what is not true any more; other parts stay, since they may be true again."""
        if part.shown:
            remove(self._work.directory / name for name in part.shown)
            self._finished.pop(part.name, None)

    def _step(self, part: Part, state: str, reason: str | None, clock: float) -> None:
        """Write down what was done, and tell it."""
        finished = self._finished.get(part.name)
        files = list(finished.files) if finished is not None and state in {MADE, KEPT} else []
        step = Step(part.name, state, reason, round(time.perf_counter() - clock, 3), files)
        self._steps.append(step)
        self._write()
        if self._told is not None:
            self._told(step)

    def _write(self) -> None:
        self._written = self._document()
        Study(self._written, self._work.directory).save(self._work.directory / STUDY_JSON, guard=self._work.guard)

    def _document(self) -> StudyDocument:
        return StudyDocument(
            schema=SCHEMA,
            version=__version__,
            model=StudiedModel(**self._work.subject.facts()),
            finished=[self._finished[name] for name in PARTS if name in self._finished],
            steps=list(self._steps),
            run=StudyRun(
                self._started.isoformat(timespec="seconds"),
                round(time.perf_counter() - self._clock, 3),
                self._work.choices.threads,
            ),
        )


def _written_digest(path: Path) -> str:
    """Digest of a file that was written a moment ago.

    Raises:
        OutputError: It is gone, or cannot be read.
    """
    try:
        return file_digest(path)
    except OSError as error:
        raise OutputError(error.errno, error.strerror, str(path)) from error
