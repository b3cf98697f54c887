"""Exact openings: they begin what a probe of the same seed has, and hold what the engine hands over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.architecture.limits import NotApplicableError
from ggufscope.runtime.openings import Openings, read_beginnings, read_openings
from ggufscope.runtime.standouts import SEEN
from ggufscope.runtime.standouts.seen import seen_on_openings
from support.architectures.both_ways import BOTH_WAYS_MODELS
from support.tiny_models import sample

if TYPE_CHECKING:
    from ggufscope.runtime.timed_run import Plan

WriteGguf = Callable[..., Path]
POINTS = ("k", "v", "attention", "gated", "residual")
EXTRA = [np.array([5, 6, 7, 5, 6, 7]), np.array([9, 8])]


@pytest.fixture(scope="module")
def openings(stories260k: Path) -> Openings:
    with gs.open(stories260k) as model:
        return read_openings(model, extra=EXTRA, extra_points=("attention",))


def kept(path: Path, tokens: list[list[int]], directory: Path) -> dict[str, Any]:
    """Raw activations as a trace of token ids stores them."""
    ids = directory / "ids.txt"
    ids.write_text("\n".join(" ".join(map(str, sequence)) for sequence in tokens), encoding="ascii")
    gs.trace(path, tokens=ids, keep=POINTS, keep_path=directory / "kept.npz")
    with np.load(directory / "kept.npz") as arrays:
        return dict(arrays)


def test_they_begin_what_the_probe_of_that_seed_has(stories260k: Path, openings: Openings) -> None:
    probe = gs.trace(stories260k, probe="own").document.prompts
    assert len(openings.tokens) == 4
    assert (openings.n_template, openings.n_written, openings.n_tokens) == (1, 8, 9)
    assert openings.n_positions == len(probe[0].token_ids)
    for tokens, sequence in zip(openings.tokens, probe, strict=False):
        assert tokens.tolist() == sequence.token_ids[:9]


def test_what_is_held_is_what_the_engine_hands_over(stories260k: Path, openings: Openings, tmp_path: Path) -> None:
    arrays = kept(stories260k, [tokens.tolist() for tokens in (*openings.tokens, *EXTRA)], tmp_path)
    for layer in range(openings.shape.n_layers):
        for point in POINTS:
            for number, held in enumerate(openings.at(layer, point)):
                np.testing.assert_array_equal(held, arrays[f"prompt{number}/layer{layer}/{point}"])
        for number, held in enumerate(openings.extra_at(layer, "attention")):
            np.testing.assert_array_equal(held, arrays[f"prompt{4 + number}/layer{layer}/attention"])
        with pytest.raises(KeyError):
            openings.extra_at(layer, "residual")


def test_sizes_are_those_of_each_token(openings: Openings) -> None:
    for point in ("gated", "v"):
        for vectors, squares, near_zero in zip(
            openings.at(2, point), openings.mean_squares(2, point), openings.near_zero(2, point), strict=True
        ):
            exact = vectors.astype(np.float64)
            np.testing.assert_allclose(squares, np.mean(exact**2, axis=1), rtol=1e-12)
            below = np.abs(exact) < 0.1 * np.sqrt(squares)[:, None]
            np.testing.assert_allclose(near_zero, below.mean(axis=1), atol=1e-12)


def test_the_recorder_has_seen_openings_and_further_sequences(openings: Openings) -> None:
    assert openings.recorder.tables()["residual_rms"].shape == (6, openings.shape.n_layers)


def test_seeds_differ_and_threads_do_not_matter(stories260k: Path, openings: Openings) -> None:
    with gs.open(stories260k) as model:
        again, other = read_openings(model, threads=1), read_openings(model, seed=1)
    for tokens, same in zip(openings.tokens, again.tokens, strict=True):
        np.testing.assert_array_equal(tokens, same)
    assert any(not np.array_equal(*pair) for pair in zip(openings.tokens, other.tokens, strict=True))


def test_the_plan_is_told_and_progress_ends(stories260k: Path) -> None:
    plans: list[Plan] = []
    shares: list[float] = []
    with gs.open(stories260k) as model:
        read_openings(model, extra=EXTRA, announce=plans.append, progress=lambda _, share: shares.append(share))
    (plan,) = plans
    assert (plan.n_prompts, plan.n_tokens, plan.written) == (6, 4 * 9 + 8, 8)
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


def test_a_model_without_any_token_to_begin_with_has_none(write_gguf: WriteGguf) -> None:
    file = sample("llama").file()
    metadata = {key: value for key, value in file["metadata"].items() if not key.startswith("tokenizer.")}
    with (
        gs.open(write_gguf(file["tensors"], metadata)) as model,
        pytest.raises(NotApplicableError, match="no token that begins or ends a text"),
    ):
        read_openings(model)


def test_attention_both_ways_has_none(write_gguf: WriteGguf) -> None:
    file = next(iter(BOTH_WAYS_MODELS.values())).file()
    with (
        gs.open(write_gguf(**file)) as model,
        pytest.raises(NotApplicableError, match=r"both ways|no output"),
    ):
        read_openings(model)


def test_a_context_that_is_too_short_is_said(stories260k: Path) -> None:
    with gs.open(stories260k) as model, pytest.raises(NotApplicableError, match="the model's context is"):
        read_openings(model, written=1 << 16)


@pytest.mark.parametrize("choice", [{"count": 0}, {"written": 0}, {"written": True}, {"points": ["keys"]}])
def test_choices_that_are_none(stories260k: Path, choice: dict[str, Any]) -> None:
    with gs.open(stories260k) as model, pytest.raises(ValueError, match=r"must be 1 or more|there is no 'keys'"):
        read_openings(model, **choice)


def test_random_tokens_twice_in_a_row_are_read_beside(stories260k: Path) -> None:
    """In the same pass, with the scores that a trace has; openings are as without."""
    with gs.open(stories260k) as model:
        alone, beside = (read_openings(model, extra=[np.arange(5)], induction=wanted) for wanted in (False, True))
        seen = seen_on_openings(model, beside)
    assert alone.induction == "no random tokens were read twice in a row"
    assert not isinstance(beside.induction, str)
    assert [len(tokens) for tokens in beside.extra_tokens] == [5]
    np.testing.assert_allclose(beside.at(4, "residual"), alone.at(4, "residual"), rtol=1e-4, atol=1e-5)
    traced = gs.trace(stories260k, probe="own:1", induction=True).document.standouts or []
    (record,) = (record for record in traced if record.kind == "induction_head")
    np.testing.assert_allclose(beside.induction.score, record.series["score"].values, rtol=1e-4, atol=1e-6)
    kinds = {record.kind: record for record in SEEN.search(seen, seen.words)}
    assert kinds["induction_head"].series["score"].values == beside.induction.score.tolist()
    assert kinds["quiet_neuron"].not_applicable is None


def test_beginnings_of_sequences_are_held_as_openings_are(stories260k: Path, openings: Openings) -> None:
    probe = [np.array(prompt.token_ids, np.int32) for prompt in gs.trace(stories260k, probe="own").document.prompts]
    with gs.open(stories260k) as model:
        beginnings = read_beginnings(model, probe, length=openings.n_tokens)
        short = read_beginnings(model, [probe[0][:3], probe[1]])
    assert [tokens.tolist() for tokens in beginnings.tokens] == [tokens.tolist() for tokens in openings.tokens]
    for layer in range(openings.shape.n_layers):
        for point in POINTS:
            for held, expected in zip(beginnings.at(layer, point), openings.at(layer, point), strict=True):
                np.testing.assert_array_equal(held, expected)
    assert [len(tokens) for tokens in short.tokens] == [3, 3]
