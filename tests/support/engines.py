"""Runs engines and compares what they measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ggufscope.runtime.measuring.capture import Recorder
from ggufscope.runtime.measuring.figures import FIGURES, FIRST, NEAR_ZERO

if TYPE_CHECKING:
    from ggufscope.runtime.engines.engine import Ending, Engine
    from ggufscope.runtime.measuring.experts import ExpertUse

Tokens = list[npt.NDArray[np.int32]]


@dataclass
class Traced:
    """What an engine gave: next-token scores, figures, raw arrays by (prompt, layer, point), answers, experts."""

    logits: npt.NDArray[np.float32]
    figures: Mapping[str, npt.NDArray[np.float64]]
    raw: dict[tuple[int, int, str], npt.NDArray[np.float32]]
    endings: list[Ending]
    experts: ExpertUse | None


def traced(engine: Engine, prompts: Tokens, max_new_tokens: int, stop: frozenset[int]) -> Traced:
    raw: dict[tuple[int, int, str], Any] = {}

    def keep(prompt: int, layer: int, point: str, first_head: int, values: npt.NDArray[np.float32]) -> None:
        if point != "attention":
            raw[prompt, layer, point] = values.copy()

    with engine:
        recorder = Recorder(len(prompts), engine.shape, keep)
        logits = engine.prefill(prompts, recorder, room=max_new_tokens, progress=None)
        answers = engine.shape.no_answers is None
        endings = engine.generate(max_new_tokens, stop, progress=None) if answers else []
        return Traced(logits.copy(), recorder.tables(), raw, endings, recorder.experts)


def figures(engine: Engine, prompts: Tokens) -> Mapping[str, npt.NDArray[np.float64]]:
    recorder = Recorder(len(prompts), engine.shape)
    engine.prefill(prompts, recorder, room=0, progress=None)
    return recorder.tables()


def compare_figures(ours: Traced, theirs: Traced, tolerance: float, floor: float = 0.0, rounding: float = 0.0) -> None:
    """Compare all figures.

    Args:
        ours: of one engine.
        theirs: of the other.
        tolerance: of continuous figures, relative.
        floor: absolute, of what is smaller.
        rounding: of single elements of the gated product, relative, which a median over tokens does not average away;
            near-zero shares may differ by those that are as near to their threshold.
    """
    assert ours.raw.keys() == theirs.raw.keys()
    compare_experts(ours, theirs, tolerance)
    for name, expected in ours.figures.items():
        found = theirs.figures[name]
        if "near_zero_share" not in name:
            element = max(tolerance, rounding) if name.startswith("gated") else tolerance
            # Squares double a relative error, and a quotient of two elements has that of both.
            allowed = 2 * element if "energy" in name or "peak" in name else element
            np.testing.assert_allclose(found, expected, rtol=allowed, atol=floor, err_msg=name)
            continue
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=name)
        for prompt, layer in np.argwhere(~np.isnan(expected)):
            share = expected[prompt, layer]
            values = np.abs(ours.raw[prompt, layer, FIGURES[name].point].astype(np.float64))
            values = values[:1] if name.endswith(FIRST) else values
            threshold = NEAR_ZERO * np.sqrt(np.mean(values**2, axis=1, keepdims=True))
            at_threshold = np.abs(values - threshold) <= max(tolerance, rounding) * threshold
            most = at_threshold.mean(axis=1).max()  # a median moves no further than what moves most
            assert abs(share - found[prompt, layer]) <= most + 1e-6, (name, prompt, layer)


def compare_experts(ours: Traced, theirs: Traced, tolerance: float) -> None:
    """The same choices, their weights to a relative tolerance."""
    assert (ours.experts is None) == (theirs.experts is None)
    if ours.experts is None or theirs.experts is None:
        return
    for prompt in (None, *range(len(ours.logits))):
        expected, measured = theirs.experts.shares(prompt), ours.experts.shares(prompt)
        for name, rows in expected.items():
            for layer, row in enumerate(rows):
                where = f"{name} of layer {layer}, prompt {prompt}"
                np.testing.assert_allclose(measured[name][layer], row, rtol=tolerance, atol=1e-9, err_msg=where)
    assert ours.experts.never_chosen() == theirs.experts.never_chosen()
