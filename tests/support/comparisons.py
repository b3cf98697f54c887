"""Made-up analyses and traces, whose numbers a test chooses."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ggufscope.analysis import Analysis
from ggufscope.analysis.presets.probe import ANALOGUES
from ggufscope.runtime import Trace
from ggufscope.runtime.measuring.figures import FIGURES
from ggufscope.runtime.trace_document import (
    SCHEMA,
    Answer,
    EngineRecord,
    FigureRecord,
    PromptTrace,
    Score,
    TracedModel,
    TraceDocument,
    TraceSettings,
)

Floats = npt.NDArray[np.float64]
IDENTITY = "sha256:" + "a" * 64
N_HEADS, N_LAYERS = 8, 8  # of the synthetic shape `tiny`
CATEGORIES = ("a", "b", "c", "d")


def make_trace(
    layers: dict[str, Floats] | None = None,
    heads: dict[str, Floats] | None = None,
    verdicts: list[str | None] | None = None,
    *,
    categories: list[str] | None = None,
    n_prompts: int = 6,
    seed: int = 0,
    source: str = "prompts",
    identity: str = IDENTITY,
) -> Trace:
    """A trace of (prompts, layers); figures that are not given are random, alike in every layer.

    Args:
        layers: figure → (prompts, layers).
        heads: figure → (prompts, layers, heads).
        verdicts: of each prompt; None for one without an answer. By default all are without.
        categories: of each prompt; by default two in turn.
        n_prompts: how many.
        seed: of what is random.
        source: of the trace.
        identity: of the model.
    """
    rng = np.random.default_rng(seed)
    shape = n_prompts, N_LAYERS
    by_layer = {name: rng.uniform(0.5, 1.5, shape) for name, figure in FIGURES.items() if not figure.per_head}
    by_head = {name: rng.uniform(0.2, 0.8, (*shape, N_HEADS)) for name, figure in FIGURES.items() if figure.per_head}
    by_layer |= layers or {}
    by_head |= heads or {}
    verdicts = verdicts or [None] * n_prompts
    categories = categories or [f"category {number % 2}" for number in range(n_prompts)]
    prompts = [
        PromptTrace(
            id=f"p{number}",
            category=categories[number],
            difficulty=None,
            prompt="?",
            wrapped="?",
            token_ids=[1, 2, 3],
            answer=None if verdicts[number] is None else Answer([4], "x", "stop"),
            score=None if (verdict := verdicts[number]) is None else Score(verdict, None, "because"),
            layers={name: _plain(table[number]) for name, table in by_layer.items()},
            heads={name: _plain(table[number]) for name, table in by_head.items()},
        )
        for number in range(n_prompts)
    ]
    model = TracedModel(
        title="made up",
        file="x.gguf",
        name=None,
        architecture="llama",
        file_type=None,
        synthetic=False,
        identity=identity,
        n_layers=N_LAYERS,
        n_heads=[N_HEADS] * N_LAYERS,
        n_kv_heads=[N_HEADS] * N_LAYERS,
        windows=[None] * N_LAYERS,
        width=8,
        n_vocabulary=10,
        context_length=None,
    )
    document = TraceDocument(
        schema=SCHEMA,
        model=model,
        engine=EngineRecord("streamed", "1", {}),
        settings=TraceSettings(source, "set", "none", "", [1], 16, [2], 0 if source == "probe" else None, []),
        figures={name: FigureRecord(figure.definition, figure.per_head) for name, figure in FIGURES.items()},
        prompts=prompts,
        warnings=[],
    )
    return Trace(document)


def make_answers(
    features: Floats, wrong: list[bool] | np.ndarray, *, unscored: int = 0, categories: int = 4, **options: object
) -> Trace:
    """A trace with the features (prompts, 4) in the order of ANALOGUES, and `unscored` more prompts."""
    n = len(wrong) + unscored
    table = np.concatenate([features, np.full((unscored, 4), 0.5)])
    layers = {
        figure: np.repeat(table[:, [place]], N_LAYERS, axis=1)
        for place, figure in enumerate(ANALOGUES.values())
        if figure != "entropy_share"
    }
    heads = {"entropy_share": np.repeat(np.repeat(table[:, :1, None], N_LAYERS, axis=1), N_HEADS, axis=2)}
    verdicts = ["wrong" if each else "correct" for each in wrong] + ["unscored"] * unscored
    names = [CATEGORIES[number % categories] for number in range(n)]
    return make_trace(layers, heads, verdicts, categories=names, n_prompts=n, **options)  # type: ignore[arg-type]


def random_answers(n: int, strength: float, seed: int, feature: int = 1) -> tuple[Floats, np.ndarray]:
    """Features of which one tells whether an answer is wrong, the better the higher `strength`."""
    rng = np.random.default_rng(seed)
    features = rng.uniform(0.2, 0.8, (n, 4))
    signal = (features[:, feature] - 0.5) / 0.6
    return features, rng.random(n) < 1 / (1 + np.exp(-strength * signal))


def _plain(values: Floats) -> Any:
    return np.where(np.isfinite(values), values, None).tolist()


def make_analysis(base: Analysis, **scores: Floats) -> Analysis:
    """An analysis in which some scores are replaced, and which claims to be of the model of `make_trace`.

    Args:
        base: of a model of N_LAYERS and N_HEADS.
        scores: name of a score of propagation, (N_LAYERS,), or of one of its tables of heads → its values.
    """
    found = base.document
    (propagation,) = found.other_presets
    assert len(propagation.layers) == N_LAYERS
    layers = [
        dataclasses.replace(
            record,
            scores={
                name: _value(scores[name][place]) if name in scores else value for name, value in record.scores.items()
            },
        )
        for place, record in enumerate(propagation.layers)
    ]
    per_head = propagation.per_head | {name: _plain(scores[name]) for name in propagation.per_head if name in scores}
    return Analysis(
        dataclasses.replace(
            found,
            model=dataclasses.replace(found.model, identity=IDENTITY),
            other_presets=[dataclasses.replace(propagation, layers=layers, per_head=per_head)],
        )
    )


def _value(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
