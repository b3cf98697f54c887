"""The document of a trace, from engine, recorder and scoring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._version import __version__
from .answering import OVER
from .engines.engine import ABLATED
from .expert_document import ExpertRecord
from .measuring.experts import EXPERT_FIGURES
from .scoring import NOT_ENDED, score
from .standouts import SEEN
from .trace_document import (
    SCHEMA,
    Answer,
    EngineRecord,
    FigureRecord,
    PromptTrace,
    Score,
    TracedModel,
    TraceDocument,
    TraceRun,
    TraceSettings,
    number,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..arrays.floats import Floats
    from ..models.subject import Subject
    from .engines.engine import Ending, Engine, EngineDescription, Seconds
    from .measuring.capture import Recorder
    from .measuring.experts import ExpertUse
    from .reading.readings import Item, Reading
    from .shape import ModelShape
    from .standouts import Seen


@dataclass(frozen=True)
class TraceTiming:
    """See `trace_document.TraceRun`."""

    started: str
    seconds: float
    engine: Seconds
    threads: int
    peak_bytes: int | None
    writing_seconds: float | None = None


def trace_document(
    subject: Subject,
    engine: Engine,
    reading: Reading,
    recorder: Recorder,
    endings: list[Ending] | None,
    *,
    new_tokens: int,
    kept: list[str],
    timing: TraceTiming,
    seen: Seen,
) -> TraceDocument:
    """Everything that is saved."""
    tables = recorder.tables()
    prompts = [
        _prompt(number, item, reading, recorder, engine.shape, None if endings is None else endings[number])
        for number, item in enumerate(reading.items)
    ]
    description = engine.description
    return TraceDocument(
        schema=SCHEMA,
        model=_model(subject, engine.shape),
        engine=EngineRecord(description.name, description.version, description.settings),
        settings=TraceSettings(
            source=reading.source,
            prompt_set=reading.name,
            template=reading.template,
            template_reason=reading.template_reason,
            opening_tokens=list(reading.opening),
            max_new_tokens=new_tokens,
            stop_tokens=sorted(reading.stop),
            seed=reading.seed,
            kept=kept,
            probe=reading.probe,
        ),
        figures={name: FigureRecord(figure.definition, figure.per_head) for name, figure in recorder.figures.items()},
        prompts=prompts,
        warnings=[
            *reading.warnings,
            *_ablated(description),
            *_without_answers(engine.shape, reading),
            *_overflow(tables, reading),
        ],
        run=TraceRun(
            version=__version__,
            started=timing.started,
            seconds=timing.seconds,
            prefill_seconds=timing.engine.prefill,
            generation_seconds=timing.engine.generation,
            threads=timing.threads,
            peak_bytes=timing.peak_bytes,
            writing_seconds=timing.writing_seconds,
        ),
        experts=_experts(recorder.experts),
        standouts=SEEN.search(seen, seen.words),
    )


def _model(subject: Subject, shape: ModelShape) -> TracedModel:
    return TracedModel(
        **subject.facts(),
        n_layers=shape.n_layers,
        n_heads=list(shape.n_heads),
        n_kv_heads=list(shape.n_kv_heads),
        windows=list(shape.windows),
        width=shape.width,
        n_vocabulary=shape.n_vocabulary,
        context_length=shape.context_length,
    )


def _prompt(  # noqa: PLR0917
    place: int,
    item: Item,
    reading: Reading,
    recorder: Recorder,
    shape: ModelShape,
    ending: Ending | None,
) -> PromptTrace:
    answer = None if ending is None else _answer(ending, reading)
    layers, heads, tables = {}, {}, recorder.tables()
    for name, figure in recorder.figures.items():
        values = tables[name][place]
        if figure.per_head:
            rows = zip(values, shape.n_heads, strict=True)
            heads[name] = [[number(value) for value in row[:n_heads]] for row, n_heads in rows]
        else:
            layers[name] = [number(value) for value in values]
    return PromptTrace(
        id=item.id,
        category=None if item.prompt is None else item.prompt.category,
        difficulty=None if item.prompt is None else item.prompt.difficulty,
        prompt=item.text,
        wrapped=item.wrapped,
        token_ids=item.tokens.tolist(),
        answer=answer,
        score=_score(item, answer),
        layers=layers,
        heads=heads,
        experts=None if recorder.experts is None else _by_layer(recorder.experts.shares(place)),
    )


def _experts(use: ExpertUse | None) -> ExpertRecord | None:
    if use is None:
        return None
    return ExpertRecord(list(use.n_experts), dict(EXPERT_FIGURES), _by_layer(use.shares()), use.never_chosen())


def _by_layer(shares: Mapping[str, list[Floats]]) -> dict[str, list[list[float | None]]]:
    return {name: [[number(value) for value in row] for row in rows] for name, rows in shares.items()}


def _answer(ending: Ending, reading: Reading) -> Answer:
    text = None if reading.tokenizer is None else reading.tokenizer.decode(ending.tokens)
    return Answer(list(ending.tokens), text, ending.reason)


def _score(item: Item, answer: Answer | None) -> Score | None:
    if item.prompt is None or not item.prompt.accepted or answer is None or answer.text is None:
        return None
    if answer.ended in {"interrupted", "not finite"}:
        return Score("unscored", None, f"the answer is not complete: {answer.ended}", NOT_ENDED)
    return score(item.prompt, answer.text, finished=answer.ended in OVER)


def _ablated(description: EngineDescription) -> list[str]:
    """A warning where the model that was run is not the one in the file."""
    places = description.settings.get(ABLATED)
    return [] if places is None else [f"the model ran with {places} counted as zero"]


def _without_answers(shape: ModelShape, reading: Reading) -> list[str]:
    """A warning where prompts have no answers because the model gives none."""
    asked = any(item.prompt is not None for item in reading.items)
    return [f"no answers: {shape.no_answers}"] if asked and shape.no_answers is not None else []


def _overflow(tables: Mapping[str, Floats], reading: Reading) -> list[str]:
    """A warning that names the layer from which on the stream is not finite; none where it is finite."""
    alone = np.array([len(item.tokens) == 1 for item in reading.items])[:, None]
    finite = np.isfinite(tables["residual_rms_first"]) & (alone | np.isfinite(tables["residual_rms"]))
    lost = np.flatnonzero(~finite.all(axis=0))
    return [] if lost.size == 0 else [f"activations are not finite from layer {lost[0]} on: they overflow float32"]
