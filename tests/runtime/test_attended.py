"""Shares of attention by what a key is to the query, against a loop over positions, and what repeats a text has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from ggufscope.runtime.measuring.attended import ATTENDED, attended_shares, earlier_occurrences, uniform_attention
from ggufscope.runtime.measuring.capture import Recorder
from ggufscope.runtime.measuring.figures import FIGURES
from ggufscope.runtime.shape import ModelShape, Sight
from support.attention import shares_by_key

CHANCE = np.random.default_rng(5)
SHAPE = ModelShape(2, (4, 4), (2, 2), (None, 6), 48, 100, 64)
TOKENS = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2], np.int32)


def probabilities(sight: Sight, n_tokens: int, heads: int = 4) -> npt.NDArray[np.float32]:
    """Random attention on the keys that are seen."""
    seen = uniform_attention(sight, n_tokens) > 0
    alpha = np.where(seen, np.exp(2 * CHANCE.standard_normal((heads, n_tokens, n_tokens))), 0)
    return (alpha / alpha.sum(axis=-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("n_tokens", [len(TOKENS), 3, 2, 1])
def test_shares_are_those_of_a_loop_over_positions(layer: int, n_tokens: int) -> None:
    alpha, tokens = probabilities(SHAPE.sight(layer), n_tokens), TOKENS[:n_tokens]
    recorder = Recorder(2, SHAPE, tokens=[np.zeros(9, np.int32), tokens])
    recorder.take(1, layer, "attention", alpha[:1])
    recorder.take(1, layer, "attention", alpha[1:], first_head=1)
    expected = shares_by_key(alpha.astype(np.float64), tokens.tolist(), SHAPE.windows[layer])
    for name in ATTENDED:
        np.testing.assert_allclose(recorder.tables()[name][1, layer], expected[name], rtol=1e-12, err_msg=name)
    assert np.isfinite(expected["repeat_share"]).all() == (n_tokens == len(TOKENS))


def test_a_window_hides_repeats() -> None:
    alpha = probabilities(Sight(None), len(TOKENS))
    everywhere, near = (shares_by_key(alpha.astype(float), TOKENS.tolist(), window) for window in (None, 6))
    assert not np.allclose(everywhere["repeat_share"], near["repeat_share"])


@pytest.mark.parametrize(
    ("tokens", "position", "key"),
    [([7, 8, 9, 7], 3, 1), ([7, 8, 7, 9, 7], 4, 1), ([7, 8, 7, 9, 7], 4, 3), ([7, 8, 7], 2, 1), ([7, 7, 7], 2, 1)],
)
def test_what_stands_behind_an_earlier_occurrence_is_a_repeat(tokens: list[int], position: int, key: int) -> None:
    """Each earlier occurrence counts, and neither the query's own token nor the one before it."""
    alpha = np.zeros((1, len(tokens), len(tokens)), np.float32)
    alpha[0, position, key] = 1
    share = attended_shares(alpha, Sight(None), earlier_occurrences(tokens))[2, 0]
    assert share == 1 if key < position - 1 else np.isnan(share) or share == 0


def test_attention_that_goes_both_ways_has_no_repeats() -> None:
    recorder = Recorder(1, replace(SHAPE, windows=(None, None), causal=False), tokens=[TOKENS])
    alpha = probabilities(Sight(None, causal=False), len(TOKENS))
    recorder.take(0, 0, "attention", alpha)
    tables = {name: table[0, 0] for name, table in recorder.tables().items()}
    assert np.isnan(tables["repeat_share"]).all()
    places = np.arange(len(TOKENS))
    np.testing.assert_allclose(tables["previous_token_share"], alpha[:, places[2:], places[1:-1]].mean(axis=1), 1e-6)
    np.testing.assert_allclose(tables["own_token_share"], alpha[:, places[1:], places[1:]].mean(axis=1), 1e-6)


def test_without_tokens_there_are_no_repeats() -> None:
    recorder = Recorder(1, SHAPE)
    recorder.take(0, 0, "attention", probabilities(Sight(None), len(TOKENS)))
    assert np.isnan(recorder.tables()["repeat_share"]).all()
    assert np.isfinite(recorder.tables()["own_token_share"][0, 0]).all()


@pytest.mark.parametrize("sight", [Sight(None), Sight(5), Sight(None, causal=False), Sight(4, causal=False)])
def test_uniform_attention_is_on_all_keys_that_are_seen(sight: Sight) -> None:
    alpha = uniform_attention(sight, 9)[0]
    first, end = sight.keys(np.arange(9), 9)
    for t in range(9):
        np.testing.assert_array_equal(np.flatnonzero(alpha[t]), np.arange(first[t], end[t]))
        np.testing.assert_allclose(alpha[t, first[t] : end[t]], 1 / (end[t] - first[t]), rtol=1e-6)


def test_figures_of_heads_they_are() -> None:
    assert all(FIGURES[name].per_head and FIGURES[name].point == "attention" for name in ATTENDED)
