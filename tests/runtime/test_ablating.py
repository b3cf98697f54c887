"""The effect of weights on the next token, against plain NumPy and files in which they are zero."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.models.weight_place import WeightPlace
from ggufscope.runtime.ablating import ablation_effects
from ggufscope.runtime.divergences import divergences
from ggufscope.runtime.engines.streamed import open_engine
from support.architectures import SPECIMENS
from support.architectures.specimen import VOCABULARY

if TYPE_CHECKING:
    from ggufscope.runtime.timed_run import Plan

WriteGguf = Callable[..., Path]
Array = npt.NDArray[np.float32]

CHANCE = np.random.default_rng(5)
SEQUENCES = [CHANCE.integers(0, VOCABULARY, length).astype(np.int32) for length in (7, 5)]
NAME, INDEX = "blk.0.ffn_down.weight", (11, 7)


def all_scores(path: Path) -> list[Array]:
    """Of every position of every sequence: the beginnings are prompts."""
    with gs.open(path) as model, open_engine(model, 1) as engine:
        return [
            engine.prefill([tokens[: end + 1] for end in range(len(tokens))], None, room=0, progress=None)
            for tokens in SEQUENCES
        ]


def softmax(scores: Array) -> npt.NDArray[np.float64]:
    size = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = size / size.sum(axis=1, keepdims=True)
    return shares


def test_the_divergence_is_that_of_the_distributions() -> None:
    scores, others = (CHANCE.normal(0, 3, (4, 50)).astype(np.float32) for _ in range(2))
    p, q = softmax(scores), softmax(others)
    np.testing.assert_allclose(divergences(scores, others), np.sum(p * np.log(p / q), axis=1), rtol=1e-9)
    np.testing.assert_allclose(divergences(scores, scores + 7), 0, atol=1e-12)
    steep = others.astype(np.float64) * 1e4  # so that q underflows
    logarithms = steep - steep.max(axis=1, keepdims=True)
    logarithms -= np.log(np.exp(logarithms).sum(axis=1, keepdims=True))
    expected = np.sum(p * (np.log(p) - logarithms), axis=1)
    np.testing.assert_allclose(divergences(scores, others * 1e4), expected, rtol=1e-6)
    assert np.isnan(divergences(scores, np.full_like(others, np.nan))).all()


def test_effects_are_those_of_files_in_which_the_weights_are_zero(write_gguf: WriteGguf) -> None:
    plain = SPECIMENS["llama"].file()
    plain["tensors"][NAME][INDEX] = 8
    edited = copy.deepcopy(plain)
    edited["tensors"][NAME][INDEX] = 0
    path, other = write_gguf(**plain, name="plain.gguf"), write_gguf(**edited, name="edited.gguf")
    before, after = all_scores(path), all_scores(other)
    expected = [divergences(p, q) for p, q in zip(before, after, strict=True)]
    plans: list[Plan] = []
    shares: list[float] = []
    with gs.open(path) as model:
        changed, nothing = ablation_effects(
            model,
            SEQUENCES,
            [[WeightPlace(NAME, INDEX)], []],
            watched=[(0, 11), (1, 11)],
            threads=2,
            announce=plans.append,
            progress=lambda _, share: shares.append(share),
        )
    assert changed.kl_mean == pytest.approx(np.concatenate(expected).mean(), rel=1e-4)
    assert changed.kl_mean > 0.01
    assert changed.kl_end == pytest.approx(np.mean([each[-1] for each in expected]), rel=1e-4)
    stays = [p.argmax(axis=1) == q.argmax(axis=1) for p, q in zip(before, after, strict=True)]
    assert changed.same_top == pytest.approx(np.concatenate(stays).mean())
    assert 0 < changed.left[0, 11] < 1
    assert (nothing.kl_mean, nothing.same_top, nothing.left[0, 11]) == (pytest.approx(0, abs=1e-9), 1, 1)
    assert [plan.n_tokens for plan in plans] == [3 * 12]
    assert shares == sorted(shares)
