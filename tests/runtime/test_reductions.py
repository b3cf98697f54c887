"""Loops over activations, against NumPy's forms of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ggufscope.runtime.measuring.reductions import (
    largest_over_median,
    median_size,
    over_prompts,
    squares_by_token,
    top_energy_shares,
)


@pytest.mark.parametrize("n", [1, 2, 3, 31, 32, 33, 34, 100, 577, 4096])
def test_the_median_of_sizes(n: int) -> None:
    chance = np.random.default_rng(n)
    many = chance.standard_normal(n).astype(np.float32)
    few_values = chance.integers(-2, 3, n).astype(np.float32)
    halves = np.repeat(np.float32([0, 3e38]), n)
    for values in (
        many,
        many * np.float32(1e-42),
        few_values,
        np.zeros(n, np.float32),
        np.full(n, -7.5, np.float32),
        halves,
    ):
        assert median_size(values) == np.median(np.abs(values))


def test_the_largest_over_the_median() -> None:
    values = np.random.default_rng(0).standard_normal((5, 50)).astype(np.float32)
    values[1], values[2, 3], values[3, :30] = 0, np.nan, 0
    ratios = largest_over_median(values, squares_by_token(values))
    size = np.abs(values).astype(np.float64)
    for token in (0, 4):
        assert ratios[token] == size[token].max() / np.float64(np.median(np.abs(values[token])))
    assert np.isnan(ratios[1:4]).all()
    assert np.isnan(largest_over_median(values[:, :0].copy(), np.zeros(5))).all()


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 1.0])
def test_shares_of_the_largest_squares(share: float) -> None:
    values = np.random.default_rng(1).standard_normal((6, 137)).astype(np.float32)
    values[2], values[3] = 0, 1
    exact = np.sort(values.astype(np.float64) ** 2, axis=1)[:, ::-1]
    expected = exact[:, : math.ceil(share * 137)].sum(axis=1) / np.where(exact.any(axis=1), exact.sum(axis=1), np.nan)
    np.testing.assert_allclose(top_energy_shares(values, squares_by_token(values), share), expected, rtol=1e-13)


@pytest.mark.parametrize("begin", [0, 1])
def test_figures_of_prompts(begin: int) -> None:
    chance = np.random.default_rng(2)
    bounds = np.array([0, 1, 3, 8, 14, 20])
    columns = chance.standard_normal((3, 20))
    columns[1, [4, 6, 9]], columns[2, 8:14] = np.nan, np.inf
    columns[0, 16] = np.inf  # a token without a size: there is no figure of the last prompt
    later, first = over_prompts(columns, [False, True], bounds, begin)
    np.testing.assert_array_equal(
        first, np.where(np.isfinite(columns[0, bounds[:-1]]), columns[1:, bounds[:-1]], np.nan)
    )
    for prompt, (start, end) in enumerate(itertools.pairwise(bounds)):
        for figure, reduce in enumerate((np.median, np.max)):
            column = columns[1 + figure, start + begin : end]
            column = column[np.isfinite(column)]
            whole = len(column) > 0 and np.isfinite(columns[0, start + begin : end]).all()
            np.testing.assert_array_equal(later[figure, prompt], reduce(column) if whole else np.nan)
