"""The document of a validation, from what was compared and fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.analysis_document import OVER_ALL_TOKENS as OF_ANALYSIS
from ..runtime.reading.probes import words_of
from ..runtime.trace_document import OVER_ALL_TOKENS
from .resampling import FEWEST_PROMPTS, RESAMPLES
from .sizes import FEWEST_FOR_VERDICT
from .standouts import check_standouts
from .validation_document import (
    SCHEMA,
    ComparedAnalysis,
    ComparedTrace,
    ValidatedModel,
    ValidationDocument,
    ValidationSettings,
)
from .weights import PENALTY, PERMUTATIONS
from .wording import STATEMENT, findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..analysis import Analysis
    from ..runtime.trace_result import Trace
    from .fit_document import Fit
    from .quantity_document import Quantity
    from .sources import Sources
    from .validation_document import ValidationRun


def validation_document(
    sources: Sources, trace: Trace, quantities: list[Quantity], fit: Fit, *, seed: int, run: ValidationRun
) -> ValidationDocument:
    """The whole validation as it is saved."""
    analysis, probe = sources.analysis, sources.probe
    return ValidationDocument(
        schema=SCHEMA,
        statement=STATEMENT,
        model=_model(analysis, trace),
        analysis=_compared_analysis(analysis),
        trace=_compared_trace(trace),
        probe=None if probe is None else _compared_trace(probe),
        settings=ValidationSettings(seed, RESAMPLES, FEWEST_PROMPTS, PERMUTATIONS, PENALTY),
        quantities=quantities,
        fit=fit,
        findings=findings(quantities, fit),
        notes=list(_notes(sources, trace, quantities)),
        warnings=list(_warnings(analysis, trace, probe)),
        run=run,
        standouts=check_standouts(analysis.document.standouts, trace.document.standouts),
    )


def _compared_analysis(analysis: Analysis) -> ComparedAnalysis:
    document = analysis.document
    presets = [preset.name for preset in (document.preset, *document.other_presets)]
    return ComparedAnalysis(presets, document.settings.norm, document.settings.scale, dict(document.settings.weights))


def _model(analysis: Analysis, trace: Trace) -> ValidatedModel:
    """The traced model; its files are hashed only if both results know their hashes."""
    traced = trace.document.model
    facts = traced.facts()
    if analysis.document.model.file_hashes is None:
        facts["file_hashes"] = None
    return ValidatedModel(**facts, n_layers=traced.n_layers)


def _compared_trace(trace: Trace) -> ComparedTrace:
    document = trace.document
    settings, engine = document.settings, document.engine
    return ComparedTrace(
        source=settings.source,
        prompt_set=settings.prompt_set,
        template=settings.template,
        engine=engine.name,
        engine_version=engine.version,
        n_prompts=len(document.prompts),
        n_tokens=sum(len(prompt.token_ids) for prompt in document.prompts),
        seed=settings.seed,
        probe=settings.probe_kind,
    )


def _notes(sources: Sources, trace: Trace, quantities: list[Quantity]) -> Iterator[str]:
    n_layers, n_prompts = sources.n_layers, len(trace.document.prompts)
    if n_layers < FEWEST_FOR_VERDICT:
        yield f"only {n_layers} layers: their orders agree or differ by chance, so that there is no verdict on them"
    if n_prompts < FEWEST_PROMPTS:
        yield f"no intervals, and no verdicts: they take {FEWEST_PROMPTS} prompts, and the trace has {n_prompts}"
    reasons: dict[str, list[str]] = {}
    for quantity in quantities:
        for name, reason in quantity.missing.items():
            reasons.setdefault(f"{name}: {reason}", []).append(f"{quantity.label} of {quantity.per}s")
    for reason, labels in reasons.items():
        yield f"{reason} ({', '.join(labels) if len(labels) < len(quantities) / 2 else f'{len(labels)} quantities'})"
    for quantity in quantities:
        if quantity.note is not None:
            yield f"{quantity.label}: {quantity.note}"
        elif quantity.n_left_out:
            yield f"{quantity.label}: undefined somewhere in {quantity.n_left_out} of {n_prompts} prompts, left out"


def _warnings(analysis: Analysis, trace: Trace, probe: Trace | None) -> Iterator[str]:
    if trace.document.model.synthetic:
        yield "the weights are synthetic: what is found in them was planted"
    if trace.document.settings.source == "probe":
        words = words_of(trace.document.settings.probe_kind)
        yield f"the trace is itself one of {words}: nothing here is about prompts"
    if trace.document.over_all_tokens:
        yield OVER_ALL_TOKENS
    if analysis.document.over_all_tokens:
        yield OF_ANALYSIS
    yield from trace.document.warnings
    if probe is not None:
        if probe.document.over_all_tokens:
            yield f"probe: {OVER_ALL_TOKENS}"
        yield from (f"probe: {warning}" for warning in probe.document.warnings)
    lost = [warning for warning in analysis.document.warnings if "NaN or Inf" in warning]
    yield from lost
