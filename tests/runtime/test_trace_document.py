"""A saved trace: written, read again, and refused with the place of what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ggufscope.errors import TraceError
from ggufscope.runtime.trace_document import (
    SCHEMA,
    TRACE_FORM,
    Answer,
    EngineRecord,
    FigureRecord,
    PromptTrace,
    Score,
    TracedModel,
    TraceDocument,
    TraceRun,
    TraceSettings,
)

MODEL = TracedModel(
    "tiny", "tiny.gguf", None, "llama", None, False, "sha256:0", 2, [2, 2], [1, 1], [None, 4], 8, 100, None
)
PROMPT = PromptTrace(
    id="p",
    category="factual_recall",
    difficulty=None,
    prompt="One?",
    wrapped="One?",
    token_ids=[1, 2, 3],
    answer=Answer([4], " two", "stop"),
    score=Score("correct", "two", "says 'two'"),
    layers={"q_rms": [0.123456789, None]},
    heads={"entropy": [[1.0, 2.0], [None, 0.5]]},
)
DOCUMENT = TraceDocument(
    schema=SCHEMA,
    model=MODEL,
    engine=EngineRecord("streamed", "1", {"weights": "exact"}),
    settings=TraceSettings("prompts", "set", "none", "as asked", [1], 16, [2], None, []),
    figures={"q_rms": FigureRecord("rms", False), "entropy": FigureRecord("H", True)},
    prompts=[PROMPT],
    warnings=["beware"],
    run=TraceRun("1", "2026-01-01T00:00:00+00:00", 3.0, 2.0, 1.0, 2, None),
)


def test_round_trip() -> None:
    text = TRACE_FORM.to_json(DOCUMENT)
    rounded = replace(DOCUMENT, prompts=[replace(PROMPT, layers={"q_rms": [0.1234568, None]})])
    assert TRACE_FORM.from_json(text) == rounded
    assert TRACE_FORM.to_json(rounded) == text


def test_a_figure_is_a_line() -> None:
    lines = TRACE_FORM.to_json(DOCUMENT).splitlines()
    assert any(line.strip() == '"q_rms": [0.1234568, null]' for line in lines)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda plain: plain.pop("schema"), 'has no "schema"'),
        (lambda plain: plain.update(schema="ggufscope.trace/9"), "cannot read schema"),
        (lambda plain: plain["model"].pop("width"), "model.width"),
        (lambda plain: plain["model"].update(windows=[None]), "model.windows: 1 entries for 2 layers"),
        (lambda plain: plain["prompts"].append(plain["prompts"][0]), "an id stands there twice"),
        (lambda plain: plain["prompts"][0]["layers"].update(x=[1.0, 2.0]), "layers.x: not among the figures"),
        (lambda plain: plain["prompts"][0]["layers"].update(entropy=[1.0, 2.0]), "layers.entropy: not among"),
        (lambda plain: plain["prompts"][0]["layers"].update(q_rms=[1.0]), "layers.q_rms: 1 layers, not 2"),
        (lambda plain: plain["prompts"][0]["heads"].update(entropy=[[1.0], [2.0]]), "heads.entropy: rows do not"),
        (lambda plain: plain["prompts"][0]["layers"].update(q_rms=["1", None]), "prompts.0.layers.q_rms.0"),
    ],
)
def test_what_is_wrong_is_named(change: Change, message: str) -> None:
    plain = json.loads(TRACE_FORM.to_json(DOCUMENT))
    change(plain)
    with pytest.raises(TraceError, match=message):
        TRACE_FORM.from_json(json.dumps(plain))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": NaN}', "[" * 100_000])
def test_no_json(text: str) -> None:
    with pytest.raises(TraceError, match="not a saved trace"):
        TRACE_FORM.from_json(text)
