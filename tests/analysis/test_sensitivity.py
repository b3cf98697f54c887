"""Draws of weights against plain NumPy, and what ties do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from ggufscope.analysis.index.sensitivity import TOP, count_ranks, sensitivity, simplex_draws
from ggufscope.analysis.orders import ranks


def reference(units, weights):
    """First and top-three counts and 5 and 95 % quantiles of ranks, in NumPy."""
    index = np.zeros((len(weights), units.shape[1]))
    for component in range(len(units)):
        index += weights[:, component, None] * units[component]
    first, top = np.zeros(units.shape[1]), np.zeros(units.shape[1])
    found = np.array([rankdata(-row) for row in index])
    for row in index:
        higher = (row[None] > row[:, None]).sum(axis=1)
        tied = (row[None] == row[:, None]).sum(axis=1)
        first += (higher == 0) / tied
        top += ((TOP - higher) / tied).clip(0, 1)
    ends = [np.quantile(found, share, axis=0, method="inverted_cdf") for share in (0.05, 0.95)]
    return first, top, *ends


@pytest.mark.parametrize("with_ties", [False, True])
def test_the_compiled_draws_are_those_of_numpy(with_ties):
    rng = np.random.default_rng(0)
    units = rng.random((4, 13)).round(1 if with_ties else 12)
    if with_ties:
        units[:, 5] = units[:, 2]
    weights = simplex_draws(4, 2000, seed=5)
    first, top, counts = count_ranks(units, weights, TOP)
    expected = reference(units, weights)
    np.testing.assert_allclose(first, expected[0], rtol=1e-12)
    np.testing.assert_allclose(top, expected[1], rtol=1e-12)
    assert counts.sum() == 2000 * 13
    found = sensitivity(units, draws=2000, seed=5)
    np.testing.assert_array_equal(found.rank_low, expected[2])
    np.testing.assert_array_equal(found.rank_high, expected[3])
    assert found.p_first.sum() == pytest.approx(1)
    assert found.p_top_three.sum() == pytest.approx(3)


def test_draws_are_uniform_on_the_simplex():
    weights = simplex_draws(4, 40_000, seed=0)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights.mean(axis=0), 0.25, atol=0.005)
    np.testing.assert_allclose(weights.var(axis=0), 3 / 80, atol=0.001)  # Dirichlet(1, 1, 1, 1)
    np.testing.assert_array_equal(weights, simplex_draws(4, 40_000, seed=0))


def test_what_dominates_everywhere_is_first_for_sure():
    units = np.array([[0.0, 0.3, 1.0, 0.2], [0.1, 0.0, 1.0, 0.9]])
    found = sensitivity(units)
    assert found.p_first.tolist() == [0, 0, 1, 0]
    assert (found.rank_low[2], found.rank_high[2]) == (1, 1)


def test_two_components_that_disagree_give_the_exact_probability():
    units = np.array([[1.0, 0.0], [0.0, 1.0]])  # first where its weight exceeds one half
    assert sensitivity(units, draws=40_000).p_first == pytest.approx([0.5, 0.5], abs=0.01)


def test_equal_layers_share_their_places():
    found = sensitivity(np.full((3, 8), 0.5), draws=100)
    np.testing.assert_allclose(found.p_first, 1 / 8)
    np.testing.assert_allclose(found.p_top_three, 3 / 8)
    np.testing.assert_array_equal(found.rank_low, np.full(8, 4.5))


def test_nothing_cannot_be_ranked():
    for units in (np.zeros((0, 4)), np.zeros((4, 0)), np.zeros(3)):
        with pytest.raises(ValueError, match="at least one component"):
            sensitivity(units)


def test_ranks_are_those_of_scipy():
    values = np.random.default_rng(2).integers(0, 6, 30).astype(float)
    np.testing.assert_array_equal(ranks(values), rankdata(-values))
