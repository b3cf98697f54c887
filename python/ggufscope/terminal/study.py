"""The terminal view of a study: a line for each part as it is over, then what came out, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.score_words import in_words
from ..analysis.wording import INDEX, SHORT_STATEMENT
from ..studies.study_document import FAILED, INTERRUPTED, KEPT, LEFT_OUT
from ..text.escape import escape
from ..validation.headline import index_verdict, origin_of
from .curves import Series, render_curves
from .headline import render_headline
from .standouts import render_checks, render_standouts
from .trace import duration
from .validation import render_outcome

if TYPE_CHECKING:
    from ..analysis.analysis_document import AnalysisDocument
    from ..analysis.preset_document import PresetSummary
    from ..studies.study_document import Step, StudyDocument
    from ..validation.validation_document import ValidationDocument
    from .screen import Screen

_NAME, _TIME = 12, 9
_RISKIEST = 3
_STANDOUTS = 5  # kinds that are told
_WORDS = {KEPT: "kept", FAILED: "failed", LEFT_OUT: "left out", INTERRUPTED: "stopped"}


def step_line(step: Step) -> str:
    """As `"profile     1.9 s    profile.json"`; why a part was made again, or was left out, stands behind.

    Why one failed does not: that is the line of the error, on standard error.
    """
    time = _WORDS.get(step.state, duration(step.seconds))
    files = ", ".join(step.files[:1]) + (f" and {len(step.files) - 1} more" if len(step.files) > 1 else "")
    reason = "" if step.reason is None or step.state == FAILED else step.reason
    text = "; ".join(filter(None, (files, f"again: {reason}" if reason and step.files else reason)))
    return escape(f"{step.name:<{_NAME}}{time:<{_TIME}}{text}").rstrip()


def render_study(
    screen: Screen,
    document: StudyDocument,
    analysis: AnalysisDocument | None,
    validation: ValidationDocument | None,
) -> None:
    """How long it took, what held up when it was measured, and what the index says."""
    screen.line(f"{'total':<{_NAME}}{duration(document.run.seconds)}", "dim")
    screen.blank()
    model = document.model
    render_headline(screen, model.file, model.title, model, [])
    if validation is not None:
        _render_validation(screen, validation)
        if validation.standouts:
            render_checks(screen, validation.standouts)
            screen.blank()
    if analysis is not None:
        _render_analysis(screen, analysis, validation)


def _render_analysis(screen: Screen, document: AnalysisDocument, validation: ValidationDocument | None) -> None:
    """The leading index, then the riskiest layers by every other one, and how each fared when it was measured."""
    if document.standouts is not None:
        render_standouts(screen, document.standouts, _STANDOUTS)
        screen.blank()
    layers = document.preset.layers
    risks = [record.risk for record in layers]
    screen.heading(INDEX)
    screen.line(f"preset {document.preset.name}, {document.preset.summary}", "dim")
    screen.line(SHORT_STATEMENT, "dim")
    render_curves(screen, [Series("risk", risks)], f"layers {layers[0].layer}-{layers[-1].layer}", "{:.0f}".format)
    screen.line(f"riskiest layers: {_riskiest(document.preset, validation)}")
    for preset in document.other_presets:
        screen.line(f"by {origin_of(preset.name)}: {_riskiest(preset, validation)}")
    verdicts = ", ".join(f"{finding.id} {finding.verdict}" for finding in document.hypotheses)
    screen.line(f"premises: {verdicts}")
    for warning in document.warnings:
        screen.line(f"! {in_words(warning)}", "yellow")


def _riskiest(preset: PresetSummary, validation: ValidationDocument | None) -> str:
    """The riskiest layers, and what the order of layers was worth when it was measured."""
    known = [record for record in preset.layers if record.risk is not None]
    if not known:
        return "none, there is no index"
    ranked = sorted(known, key=lambda record: record.rank or 0)
    named = ", ".join(f"{record.layer} ({record.risk:.1f})" for record in ranked[:_RISKIEST])
    verdict = None if validation is None else index_verdict(validation, preset.name)
    return named if verdict is None else f"{named}; as an order {verdict}"


def _render_validation(screen: Screen, document: ValidationDocument) -> None:
    trace = document.trace
    screen.heading(f"predicted against measured, {trace.n_prompts} prompts, {trace.n_tokens} tokens")
    render_outcome(screen, document)
    screen.blank()
