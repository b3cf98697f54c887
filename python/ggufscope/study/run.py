"""`study`: one part after the other, each made or kept."""

from __future__ import annotations

import contextlib
import datetime
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from .._core import GGUFError
from ..errors import ProfileError, TraceError, ValidationError, one_line
from ..model import Model
from ..model import open as open_model
from ..output import atomic_write
from ..output_directory import usable_directory
from ..runtime import TraceInterrupted
from .choices import PROBE_TOKENS, make_choices
from .document import (
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
from .document_json import document_to_json
from .keeping import (
    OutdatedError,
    Wanted,
    digest,
    file_digest,
    file_of,
    load_kept,
    read_earlier,
    remove,
    remove_files,
    title_of,
)
from .parts import PARTS, Work
from .result import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from ..runtime import Plan
    from ..runtime.engine import Progress
    from .choices import Choices
    from .parts import Part

# What a model may be to blame for: the parts that do not need the one that failed are made all the same.
_FAILURES = (GGUFError, MemoryError, ProfileError, TraceError, ValidationError)


class StudyInterrupted(KeyboardInterrupt):
    """Ctrl-C: what was finished is kept; `part` is the one that was being made."""

    def __init__(self, part: str) -> None:
        super().__init__(f"what is finished is kept, and the same command goes on with the {part}")
        self.part = part


def study(
    source: str | PathLike[str] | Model,
    directory: str | PathLike[str],
    *,
    trace: bool = True,
    prompts: str | PathLike[str] | None = None,
    template: str = "auto",
    engine: str = "streamed",
    max_new_tokens: int | None = None,
    probe: int = PROBE_TOKENS,
    weights: Mapping[str, float] | str | PathLike[str] | None = None,
    norm: str = "mean",
    scale: str = "minmax",
    seed: int = 0,
    threads: int | None = None,
    fresh: bool = False,
    announce: Callable[[str, Plan], object] | None = None,
    progress: Progress | None = None,
    finished: Callable[[Step], object] | None = None,
) -> Study:
    """Profile, analyze, trace, validate and report on a model, in one directory.

    Parts that are there already are kept if they were made from the same model, with the same settings, from the same
    other parts and by the same version; all others are made.

    Args:
        source: path of a GGUF model (any file of a split one), or an open model.
        directory: where everything is written; made if it is not there.
        trace: run the model; without, there are profile, analysis and report.
        prompts: a file of prompts; by default the twenty that ship with ggufscope.
        template: form to put prompts in, as for `ggufscope.trace`.
        engine: as for `ggufscope.trace`.
        max_new_tokens: to answer each prompt with; by default 16.
        probe: random tokens to read beside the prompts; 0: none.
        weights: of the index, as for `ggufscope.analyze`; so are `norm` and `scale`.
        norm: scale of a gain vector.
        scale: of a component over the layers.
        seed: of all draws.
        threads: at most so many; by default the cores this process may use.
        fresh: remove what an earlier study left in the directory, also that of another model.
        announce: called with part and plan before the model is run.
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel.
        finished: called with each step when it is over.

    Returns:
        The study. What could not be made for the model's own sake stands in its `failures`.

    Raises:
        ValueError: A choice that is none.
        MissingExtraError: A package is missing; the message says which extra brings it.
        PromptsError: The file of prompts is malformed.
        GGUFError: The model is malformed.
        StudyError: The directory holds results of another model, or the state of a study that is malformed.
        OSError: A file cannot be read or written.
        StudyInterrupted: Ctrl-C; what was finished is kept.

    Example:
        >>> import ggufscope as gs
        >>> found = gs.study("model.gguf", "results")                                   # doctest: +SKIP
        >>> found.analysis.layers["risk"], found.validation.document.findings           # doctest: +SKIP
    """
    choices = make_choices(
        prompts=prompts,
        template=template,
        engine=engine,
        max_new_tokens=max_new_tokens,
        probe=probe,
        weights=weights,
        norm=norm,
        scale=scale,
        seed=seed,
        threads=threads,
        traced=trace,
    )
    with contextlib.ExitStack() as stack:
        model = source if isinstance(source, Model) else stack.enter_context(open_model(source))
        choices.check_on(model)
        target = _directory(directory, model, choices)
        if fresh:
            _clear(target)
        earlier = None if fresh else read_earlier(target, model)
        work = Work(model, target, choices, announce, progress)
        return _Run(work, earlier, finished).all()


def _directory(directory: str | PathLike[str], model: Model, choices: Choices) -> Path:
    parts = [part for part in PARTS.values() if part.wanted(choices)]
    return usable_directory(directory, [STUDY_JSON, *(name for part in parts for name in part.files)])


def _clear(directory: Path) -> None:
    """Remove what an earlier study left."""
    remove([directory / STUDY_JSON])
    for part in PARTS.values():
        remove_files(part, directory)


class _Run:
    """One run over all parts."""

    def __init__(self, work: Work, earlier: StudyDocument | None, finished: Callable[[Step], object] | None) -> None:
        self._work = work
        self._told = finished
        self._finished = {entry.name: entry for entry in earlier.finished} if earlier else {}
        self._current: dict[str, str] = {}  # parts that are true → digest
        self._steps: list[Step] = []
        self._started, self._clock = datetime.datetime.now(datetime.UTC), time.perf_counter()

    def all(self) -> Study:
        for part in PARTS.values():
            clock = time.perf_counter()
            try:
                self._settle(part, clock)
            except KeyboardInterrupt as stopped:
                if isinstance(stopped, TraceInterrupted):
                    self._record(part, [self._work.directory / name for name in part.files], clock, complete=False)
                self._step(part, INTERRUPTED, None, clock)
                raise StudyInterrupted(part.name) from stopped
        return Study(self._document(), self._work.directory, self._work.results)

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
        if self._work.choices.traced:
            return  # the choices say that there is to be none
        try:
            self._keep(part, None)
        except OutdatedError:
            self._drop(part)

    def _keep(self, part: Part, settings: Mapping[str, str | int] | None) -> None:
        entry = self._finished.get(part.name)
        wanted = Wanted(self._work.model.identity, settings, self._inputs(part))
        result = load_kept(part, entry, self._work.directory, wanted)
        if entry is not None:
            self._current[part.name] = digest(entry)
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
        entry = self._record(part, made.files, clock)
        self._current[part.name] = digest(entry)
        self._work.results[part.name] = made.result
        self._step(part, MADE, reason, clock)

    def _record(self, part: Part, files: list[Path], clock: float, *, complete: bool = True) -> Finished:
        directory = self._work.directory
        self._finished[part.name] = entry = Finished(
            name=part.name,
            version=__version__,
            settings=part.settings(self._work.choices) or {},
            inputs=self._inputs(part),
            files={path.relative_to(directory).as_posix(): file_digest(path) for path in files},
            seconds=round(time.perf_counter() - clock, 3),
            complete=complete,
        )
        return entry

    def _drop(self, part: Part) -> None:
        """What is not true any more must not be shown; other parts stay, since they may be true again."""
        if part.shown:
            remove_files(part, self._work.directory)
            self._finished.pop(part.name, None)

    def _step(self, part: Part, state: str, reason: str | None, clock: float) -> None:
        """Write down what was done, and tell it."""
        entry = self._finished.get(part.name)
        files = list(entry.files) if entry is not None and state in {MADE, KEPT} else []
        step = Step(part.name, state, reason, round(time.perf_counter() - clock, 3), files)
        self._steps.append(step)
        with atomic_write(self._work.directory / STUDY_JSON) as file:
            file.write(document_to_json(self._document()))
        if self._told is not None:
            self._told(step)

    def _document(self) -> StudyDocument:
        model = self._work.model
        return StudyDocument(
            schema=SCHEMA,
            version=__version__,
            model=StudiedModel(
                title=title_of(model),
                file=file_of(model),
                architecture=model.architecture,
                file_type=model.file_type,
                synthetic=model.synthetic,
                identity=model.identity,
            ),
            finished=[self._finished[name] for name in PARTS if name in self._finished],
            steps=list(self._steps),
            run=StudyRun(
                self._started.isoformat(timespec="seconds"),
                round(time.perf_counter() - self._clock, 3),
                self._work.choices.threads,
            ),
        )
