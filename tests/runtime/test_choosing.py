"""Choosing the next token: the inverse CDF by an oracle in plain Python, and uniform numbers by one of Philox."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggufscope.runtime.engines.choosing import Sampling, greedy, invert
from ggufscope.runtime.reading.draws import check_seed, uniform

SCORES = st.lists(st.floats(-40, 40, width=32), min_size=1, max_size=40)
SHARES = st.floats(0, 1, exclude_max=True)
KNOWN = [0.011546754286331562, 0.3701693158478191, 0.8179261530628698]


def inverted(scores: list[float], allowed: list[bool], share: float) -> int:
    """The first token whose probability and that of those before it is more than the share."""
    highest = max(score for score, may in zip(scores, allowed, strict=True) if may)
    weights = [math.exp(score - highest) if may else 0.0 for score, may in zip(scores, allowed, strict=True)]
    total = so_far = 0.0
    for weight in weights:
        total += weight
    for token, weight in enumerate(weights):
        so_far += weight
        if weight and so_far > share * total:
            return token
    return max(token for token, weight in enumerate(weights) if weight)


def philox(key: int, counter: list[int]) -> int:
    """The first word of Philox 4x64 with ten rounds (Salmon et al. 2011, the reference implementation's constants)."""
    words, low, mask = list(counter), key & (2**64 - 1), 2**64 - 1
    high = key >> 64
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * words[0], 0xCA5A826395121157 * words[2]
        words = [(second >> 64) ^ words[1] ^ low, second & mask, (first >> 64) ^ words[3] ^ high, first & mask]
        low, high = (low + 0x9E3779B97F4A7C15) & mask, (high + 0xBB67AE8584CAA73B) & mask
    return words[0]


@given(SCORES, st.data(), SHARES)
def test_the_inverse_is_that_of_the_oracle(scores: list[float], data: st.DataObject, share: float) -> None:
    allowed = data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)).filter(any))
    expected = inverted(scores, allowed, share)
    token = invert(np.array(scores, np.float32), np.array(allowed), share)
    if token != expected:  # NumPy's exp may differ from libm's in the last bit: the share lies on the border then
        weights = [math.exp(score) if may else 0.0 for score, may in zip(scores, allowed, strict=True)]
        assert sum(weights[: min(token, expected) + 1]) == pytest.approx(share * sum(weights), rel=1e-12)
    assert allowed[token]


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**32), st.integers(0, 2**32))
def test_the_uniform_number_is_philox(seed: int, sequence: int, step: int) -> None:
    assert uniform(seed, sequence, step) == (philox(seed, [sequence + 1, step, 0, 0]) >> 11) / 2**53


def test_uniform_numbers_stay_what_they_are() -> None:
    assert [uniform(0, 0, 0), uniform(0, 7, 22), uniform(5, 0, 3)] == KNOWN


@pytest.mark.parametrize("seed", [-1, 2**128, True])
def test_seeds_that_are_none(seed: int) -> None:
    with pytest.raises(ValueError, match="seed must be"):
        check_seed(seed)


def test_the_largest_share_gives_the_last_token_that_has_any() -> None:
    scores = np.array([0, 0, 0, -200, 5], np.float32)
    allowed = np.array([True, True, True, True, False])
    assert invert(scores, allowed, 1 - 2.0**-53) == 2
    assert invert(scores, allowed, 0.0) == 0


def test_tokens_come_as_often_as_the_model_expects_them() -> None:
    probabilities = np.array([0.5, 0.25, 0.15, 0.1])
    sampling = Sampling(3, np.ones(4, bool))
    scores = np.log(probabilities).astype(np.float32)
    tokens = [sampling(sequence, step, scores) for sequence in range(40) for step in range(100)]
    counts = np.bincount(tokens, minlength=4)
    expected = 4000 * probabilities
    assert ((counts - expected) ** 2 / expected).sum() < 16.3  # χ² with 3 degrees of freedom, 0.1 %


def test_what_is_not_allowed_is_never_drawn_and_takes_no_share() -> None:
    scores = np.array([30, 0, 30, 0], np.float32)
    masked = Sampling(0, np.array([False, True, False, True]))
    alone = Sampling(0, np.ones(2, bool))
    drawn = [masked(0, step, scores) for step in range(200)]
    assert set(drawn) == {1, 3}
    assert drawn == [[1, 3][alone(0, step, scores[[1, 3]])] for step in range(200)]


def test_a_draw_depends_on_its_place_alone() -> None:
    scores: npt.NDArray[np.float32] = np.random.default_rng(0).standard_normal(50).astype(np.float32)
    sampling = Sampling(1, np.ones(50, bool))
    places = [(sequence, step) for sequence in range(8) for step in range(8)]
    there = {place: sampling(*place, scores) for place in places}
    assert {place: sampling(*place, scores) for place in reversed(places)} == there
    assert len(set(there.values())) > 10


def test_greedy_is_the_lowest_of_the_highest() -> None:
    assert greedy(0, 0, np.array([1, 3, 3, 2], np.float32)) == 1
