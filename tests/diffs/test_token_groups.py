"""Tokens added up in groups: unbiased, and exact where tokens have all in common."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ggufscope.diffs.readings.grouping import LEAST_GROUPS, MOST_SINGLE, TOKENS_OF_A_GROUP, add_up, groups_of
from ggufscope.runtime.engines.streamed.tiles import Workers


def test_few_tokens_stay_single() -> None:
    assert groups_of(LEAST_GROUPS - 1) is None
    x = np.random.default_rng(1).standard_normal((5, 600)).astype(np.float32)
    with Workers(1) as workers:
        np.testing.assert_array_equal(add_up(x, np.array([1, 4]), None, workers), x[[1, 4]])


@pytest.mark.parametrize("n_tokens", [MOST_SINGLE + 1, 465, 2000])
def test_groups_hold_every_token_once_and_are_about_as_large(n_tokens: int) -> None:
    grouping = groups_of(n_tokens)
    assert grouping is not None
    assert sorted(grouping.order) == list(range(n_tokens))
    assert set(grouping.signs) == {-1, 1}
    sizes = np.diff(grouping.firsts)
    assert sizes.sum() == n_tokens
    assert sizes.max() - sizes.min() <= 1
    assert grouping.n_vectors == max(LEAST_GROUPS, n_tokens // TOKENS_OF_A_GROUP) + 1


def test_tokens_that_are_all_alike_are_one_vector() -> None:
    x = np.tile(np.random.default_rng(2).standard_normal(1000).astype(np.float32), (300, 1))
    with Workers(2) as workers:
        vectors = add_up(x, np.arange(300), groups_of(300), workers)
    np.testing.assert_allclose(np.sum(vectors.astype(np.float64) ** 2), np.sum(x.astype(np.float64) ** 2), rtol=1e-6)
    assert np.abs(vectors[:-1]).max() < 1e-5


def test_squares_of_products_are_right_on_average_over_signs() -> None:
    chance = np.random.default_rng(3)
    x = (chance.standard_normal((400, 64)) @ chance.standard_normal((64, 64)) + 2).astype(np.float32)
    rows = np.arange(20, 380)
    matrix = chance.standard_normal((16, 64))
    expected = np.sum((x[rows].astype(np.float64) @ matrix.T) ** 2, axis=0)
    grouping = groups_of(len(rows))
    assert grouping is not None
    draws = []
    with Workers(1) as workers:
        for _ in range(300):
            signs = (2 * chance.integers(0, 2, len(rows)) - 1).astype(np.float32)
            drawn = replace(grouping, order=chance.permutation(len(rows)), signs=signs)
            draws.append(np.sum((add_up(x, rows, drawn, workers).astype(np.float64) @ matrix.T) ** 2, axis=0))
    error = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert np.all(np.abs(np.mean(draws, axis=0) - expected) < 4 * error)
    assert np.all(error * np.sqrt(len(draws)) < 0.3 * expected)  # tokens of 64 dimensions: of a text far less
