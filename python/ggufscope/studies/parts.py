"""The registry of parts: what a study is made of, in the order in which it is made.

A part is a function that makes it and one that loads it, what it is made from and what it depends on, and a line in
PARTS; what is kept, what is made again, `study.json` and the command line follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..analysis import Analysis, analyze
from ..analysis.result import PROFILE_JSON, REPORT_JSON
from ..output import atomic_write
from ..profiles import Profile
from ..report.data import read_report_data
from ..report.renderers import USUAL_FORMATS
from ..report.writing import file_names, write_report
from ..runtime import Trace, TraceInterrupted, trace
from ..runtime.comparison import Validation, validate
from ..runtime.comparison.result import FILES as VALIDATION_FILES
from ..runtime.comparison.result import VALIDATION_JSON
from ..scan import profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..model import Model
    from ..runtime import Plan
    from ..runtime.engine import Progress
    from .choices import Choices
    from .document import Setting

TRACE_JSON = "trace.json"
PROBE_JSON = "probe.json"


@dataclass
class Work:
    """What parts are made with.

    Attributes:
        results: of parts that are true in this run: by name, as `load` gives them.
        announce: called with part and plan before the model is run.
        progress: called with what is being done and its share.
    """

    model: Model
    directory: Path
    choices: Choices
    announce: Callable[[str, Plan], object] | None = None
    progress: Progress | None = None
    results: dict[str, Any] = field(default_factory=dict)

    def in_bytes(self, what: str) -> Callable[[int, int], object] | None:
        """Progress in bytes, as passes over a model have it."""
        progress = self.progress
        return None if progress is None else lambda done, total: progress(what, done / total if total else 1.0)

    def in_shares(self, part: str) -> Progress | None:
        """Progress in shares, with the name of the part in front."""
        progress = self.progress
        return None if progress is None else lambda what, share: progress(f"{part}: {what}", share)

    def announcing(self, part: str) -> Callable[[Plan], object] | None:
        """What tells the plan of a run of the model."""
        announce = self.announce
        return None if announce is None else lambda plan: announce(part, plan)


@dataclass(frozen=True)
class Made:
    """A part that was just made: as `load` would give it, and its files."""

    result: Any
    files: list[Path]


@dataclass(frozen=True)
class Part:
    """A part of a study.

    Attributes:
        files: names of those it writes; `*` stands for any name.
        make: makes it and writes its files.
        load: reads and checks it from the directory; None for what is only looked at.
        identity: of the model that a loaded one is of.
        needs: parts that it is made from.
        uses: parts that go into it where they are there.
        beside: parts without which it would be of no use.
        settings: choices that it depends on; None where they say that there is to be none.
        runs_model: it is left out where the model is not to be run.
        shown: a report shows it, wherever it comes from: when it is not true any more, it must not stand there.
    """

    name: str
    files: tuple[str, ...]
    make: Callable[[Work], Made]
    load: Callable[[Path], Any] | None = None
    identity: Callable[[Any], str | None] = lambda result: str(result.document.model.identity)
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    settings: Callable[[Choices], dict[str, Setting] | None] = lambda _: {}
    runs_model: bool = False
    shown: bool = False

    def wanted(self, choices: Choices) -> bool:
        """Whether this run is to have it."""
        return (choices.traced or not self.runs_model) and self.settings(choices) is not None


def _make_profile(work: Work) -> Made:
    found = profile(work.model, work.choices.threads, progress=work.in_bytes("profile"))
    path = work.directory / PROFILE_JSON
    found.save(path)
    return Made(found, [path])


def _make_analysis(work: Work) -> Made:
    choices = work.choices
    found = analyze(
        work.model,
        weights=choices.weights,
        norm=choices.norm,
        scale=choices.scale,
        seed=choices.seed,
        threads=choices.threads,
        progress=work.in_bytes("analysis"),
        profile=work.results["profile"],
    )
    path = work.directory / REPORT_JSON  # the profile stands there, and report.md is written by the report
    with atomic_write(path) as file:
        file.write(found.to_json())
    return Made(found, [path])


def _make_trace(work: Work) -> Made:
    choices, path = work.choices, work.directory / TRACE_JSON
    try:
        found = trace(
            work.model,
            prompts=choices.prompt_file,
            template=choices.template,
            engine=choices.engine,
            max_new_tokens=choices.new_tokens,
            threads=choices.threads,
            announce=work.announcing("trace"),
            progress=work.in_shares("trace"),
        )
    except TraceInterrupted as stopped:
        stopped.trace.save(path)
        raise
    found.save(path)
    return Made(found, [path])


def _make_probe(work: Work) -> Made:
    choices, path = work.choices, work.directory / PROBE_JSON
    found = trace(
        work.model,
        probe=choices.probe,
        seed=choices.seed,
        engine=choices.engine,
        threads=choices.threads,
        announce=work.announcing("probe"),
        progress=work.in_shares("probe"),
    )
    found.save(path)
    return Made(found, [path])


def _make_validation(work: Work) -> Made:
    given = work.results
    found = validate(
        given["analysis"],
        given["trace"],
        probe=given.get("probe"),
        seed=work.choices.seed,
        progress=work.in_shares("validation"),
    )
    return Made(found, found.save(work.directory))


def _make_report(work: Work) -> Made:
    if work.progress is not None:
        work.progress("report", 0.0)
    return Made(None, write_report(read_report_data(work.directory), work.directory, work.choices.formats))


_ALL = (
    Part(
        "profile",
        (PROFILE_JSON,),
        _make_profile,
        load=lambda directory: Profile.load(directory / PROFILE_JSON),
        identity=lambda result: str(result.model.identity),
    ),
    Part(
        "analysis",
        (REPORT_JSON,),
        _make_analysis,
        load=lambda directory: Analysis.load(directory / REPORT_JSON),
        needs=("profile",),
        settings=lambda choices: choices.of_analysis,
        shown=True,
    ),
    Part(
        "trace",
        (TRACE_JSON,),
        _make_trace,
        load=lambda directory: Trace.load(directory / TRACE_JSON),
        beside=("analysis",),
        settings=lambda choices: choices.of_trace,
        runs_model=True,
    ),
    Part(
        "probe",
        (PROBE_JSON,),
        _make_probe,
        load=lambda directory: Trace.load(directory / PROBE_JSON),
        beside=("trace",),
        settings=lambda choices: choices.of_probe if choices.probe else None,
        runs_model=True,
    ),
    Part(
        "validation",
        VALIDATION_FILES,
        _make_validation,
        load=lambda directory: Validation.load(directory / VALIDATION_JSON),
        needs=("analysis", "trace"),
        uses=("probe",),
        settings=lambda choices: {"seed": choices.seed},
        runs_model=True,
        shown=True,
    ),
    Part(
        "report",
        tuple(file_names(USUAL_FORMATS)),
        _make_report,
        needs=("profile",),
        uses=("analysis", "validation"),
        settings=lambda choices: {"formats": ",".join(choices.formats)},
    ),
)

PARTS = {part.name: part for part in _ALL}
