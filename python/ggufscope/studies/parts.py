"""The registry of parts: what a study is made of, in the order in which it is made.

A part is a function that makes it and one that loads it, what it is made from and what it depends on, and a line in
PARTS; what is kept, what is made again, `study.json` and the command line follow.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ..analysis import Analysis
from ..analysis.analysis_result import PROFILE_JSON, REPORT_JSON
from ..analysis.analyzing import analyze_with
from ..analysis.compiling_ahead import compiling_beside
from ..checks import Check, check
from ..checks.check_result import CHECK_JSON
from ..checks.gathering import Gathering, looks_at_the_same
from ..profiles.profile_records import ProfileSettings
from ..profiles.profile_result import Profile
from ..profiles.profiling import profile
from ..report.content.results import ReportData
from ..report.renderers import USUAL_FORMATS
from ..report.writing import begin_drawing, file_names, write_report
from ..runtime import Trace, TraceInterrupted, trace
from ..runtime.reading.templates import AUTO
from ..runtime.trace_result import TRACE_JSON
from ..saving.files import atomic_write
from ..spectral import Spectra, SpectraInterrupted, spectra
from ..spectral.choice import ALL
from ..spectral.spectra_result import SPECTRA_JSON
from ..validation import Validation, validate
from ..validation.validation_result import FILES as VALIDATION_FILES
from ..validation.validation_result import VALIDATION_JSON, VALIDATION_MARKDOWN
from .choices import SEED_OF_TRACE
from .earlier_spectra import earlier_spectra
from .part import Made, Part, Work

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBE_JSON = "probe.json"


def _make_profile(work: Work) -> Made:
    """The profile, and what a check looks at, of one pass over the weights; functions are compiled beside it."""
    model, threads = work.model, work.choices.threads
    is_shared = not model.is_remote and looks_at_the_same(model, ProfileSettings())
    with compiling_beside(threads), Gathering(model, threads) if is_shared else nullcontext() as gathering:
        observed = None if gathering is None else gathering.add
        progress = work.in_bytes("profile")
        made = profile(model, threads, progress=progress, hash=work.choices.hashed, observed=observed)
        work.gathered = None if gathering is None else gathering.tensors()
    return Made(made, made.save(work.directory / PROFILE_JSON, guard=work.guard))


def _make_check(work: Work) -> Made:
    gathered, work.gathered = work.gathered, None
    if work.progress is not None:
        work.progress("check", 0.0)  # which moves no further where all was gathered before
    verdict = check(work.model, threads=work.choices.threads, progress=work.in_bytes("check"), gathered=gathered)
    path = work.directory / CHECK_JSON
    verdict.save(path, guard=work.guard)
    return Made(verdict, [path])


def _make_spectra(work: Work) -> Made:
    choices, path = work.choices, work.directory / SPECTRA_JSON
    try:
        made = spectra(
            work.model,
            all=choices.spectra == ALL,
            threads=choices.threads,
            progress=work.in_bytes("spectra"),
            previous=earlier_spectra(path, work),
        )
    except SpectraInterrupted as stopped:
        stopped.spectra.save(path, guard=work.guard)
        raise
    return Made(made, made.save(path, guard=work.guard))


def _make_probe(work: Work) -> Made:
    choices = work.choices
    in_their_shape = choices.probe is not None and choices.probe.length is None
    probed = trace(
        work.model,
        probe=choices.probe,
        prompts=choices.prompts if in_their_shape else None,
        template=choices.template if in_their_shape else AUTO,
        seed=choices.seed,
        induction=True,  # for the analysis, which builds on the probe
        engine=choices.engine,
        threads=choices.threads,
        hash=choices.hashed,
        announce=work.announcing("probe"),
        progress=work.in_shares("probe"),
    )
    return Made(probed, probed.save(work.directory / PROBE_JSON, guard=work.guard))


def _make_analysis(work: Work) -> Made:
    choices = work.choices
    probe: Trace | None = work.results.get("probe")
    analysis = analyze_with(
        choices.analysis,
        work.model,
        threads=choices.threads,
        progress=work.in_bytes("analysis"),
        profile=work.results["profile"],
        announce=work.announcing("analysis"),
        probed=None if probe is None else probe.as_saved(),  # as a later run would load it
    )
    path = work.directory / REPORT_JSON  # the profile stands there, and report.md is written by the report
    with atomic_write(path, guard=work.guard) as file:
        file.write(analysis.to_json())
    return Made(analysis, [path])


def _make_trace(work: Work) -> Made:
    choices, path = work.choices, work.directory / TRACE_JSON
    try:
        traced = trace(
            work.model,
            prompts=choices.prompts,
            template=choices.template,
            engine=choices.engine,
            max_new_tokens=choices.new_tokens,
            seed=SEED_OF_TRACE,
            induction=True,
            threads=choices.threads,
            hash=choices.hashed,
            announce=work.announcing("trace"),
            progress=work.in_shares("trace"),
        )
    except TraceInterrupted as stopped:
        stopped.trace.save(path, guard=work.guard)
        raise
    return Made(traced, traced.save(path, guard=work.guard))


def _make_validation(work: Work) -> Made:
    """The validation, which takes one core; on another one begins what every report has drawn."""
    results = work.results
    work.drawing = work.uses.enter_context(begin_drawing(work.choices.formats, work.choices.threads))
    validated = validate(
        results["analysis"],
        results["trace"],
        probe=results.get("probe"),
        seed=work.choices.seed,
        progress=work.in_shares("validation"),
    )
    return Made(validated, validated.save(work.directory, guard=work.guard))


def _make_report(work: Work) -> Made:
    if work.progress is not None:
        work.progress("report", 0.0)
    data = _report_data(work.results)
    return Made(None, write_report(data, work.directory, work.choices.formats, work.guard, drawing=work.drawing))


def _report_data(results: Mapping[str, Any]) -> ReportData:
    """The results of this run as they stand in the directory."""
    profile: Profile = results["profile"].as_saved()
    made = (results.get(name) for name in ("analysis", "validation", "trace", "check", "spectra"))
    analysis, *beside = (None if result is None else result.as_saved() for result in made)
    return ReportData.of(profile if analysis is None else Analysis(analysis.document, profile), *beside)


_ALL = (
    Part(
        "profile",
        (PROFILE_JSON,),
        _make_profile,
        load=lambda directory: Profile.load(directory / PROFILE_JSON),
        hashes=True,
    ),
    Part(
        "check",
        (CHECK_JSON,),
        _make_check,
        load=lambda directory: Check.load(directory / CHECK_JSON),
        beside=("profile",),
        shown=(CHECK_JSON,),
    ),
    Part(
        "spectra",
        (SPECTRA_JSON,),
        _make_spectra,
        load=lambda directory: Spectra.load(directory / SPECTRA_JSON),
        beside=("profile",),
        settings=lambda choices: choices.of_spectra,
    ),
    Part(
        "probe",
        (PROBE_JSON,),
        _make_probe,
        load=lambda directory: Trace.load(directory / PROBE_JSON),
        beside=("profile",),
        settings=lambda choices: choices.of_probe,
        runs_model=True,
    ),
    Part(
        "analysis",
        (REPORT_JSON,),
        _make_analysis,
        load=lambda directory: Analysis.load(directory / REPORT_JSON),
        needs=("profile",),
        uses=("probe",),
        settings=lambda choices: choices.of_analysis,
        shown=(REPORT_JSON,),
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
        "validation",
        VALIDATION_FILES,
        _make_validation,
        load=lambda directory: Validation.load(directory / VALIDATION_JSON),
        needs=("analysis", "trace"),
        uses=("probe",),
        settings=lambda choices: {"seed": choices.seed},
        runs_model=True,
        shown=(VALIDATION_JSON, VALIDATION_MARKDOWN),  # weights may be those that the analysis was given
    ),
    Part(
        "report",
        tuple(file_names((*USUAL_FORMATS, "png"))),  # studies of earlier versions have PNG as well
        _make_report,
        needs=("profile",),
        uses=("check", "spectra", "analysis", "trace", "validation"),
        settings=lambda choices: {"formats": ",".join(choices.formats)},
    ),
)

PARTS = {part.name: part for part in _ALL}
