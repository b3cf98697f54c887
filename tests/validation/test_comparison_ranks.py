"""Rank correlations, areas under curves, resamples, and the ridge, against SciPy and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from ggufscope.analysis.orders import tau
from ggufscope.validation.rank_kernels import auc_rows, kendall_rows, mean_ranks, spearman_drawn, spearman_rows
from ggufscope.validation.resampling import FEWEST_PROMPTS, NO_INTERVAL, RESAMPLES, interval, resampled_prompts, shares
from ggufscope.validation.ridge import nonnegative_ridge


@pytest.mark.parametrize("n", [2, 3, 5, 32, 257])
@pytest.mark.parametrize("distinct", [2, 5, 10_000])
def test_rank_correlations_are_those_of_scipy(n: int, distinct: int) -> None:
    rng = np.random.default_rng(n * distinct)
    series = rng.integers(0, distinct, n).astype(np.float64)
    rows = np.concatenate([rng.integers(0, distinct, (6, n)), [np.arange(n)], [series], [-series]]).astype(np.float64)
    rho, found = spearman_rows(series, rows), kendall_rows(series, rows)
    for row, values in enumerate(rows):
        if np.ptp(series) == 0 or np.ptp(values) == 0:
            assert np.isnan(rho[row])
            assert np.isnan(found[row])
            continue
        assert rho[row] == pytest.approx(scipy.stats.spearmanr(series, values).statistic, abs=1e-12)
        assert found[row] == pytest.approx(scipy.stats.kendalltau(series, values).statistic, abs=1e-12)
        assert found[row] == pytest.approx(tau(series, values), abs=1e-12)


def test_correlations_of_drawn_points() -> None:
    rng = np.random.default_rng(0)
    first, second, drawn = rng.standard_normal(12), rng.standard_normal(12), rng.integers(0, 12, (5, 12))
    expected = [scipy.stats.spearmanr(first[row], second[row]).statistic for row in drawn]
    np.testing.assert_allclose(spearman_drawn(first, second, drawn), expected, atol=1e-12)


def test_by_hand() -> None:
    series, rows = np.array([1.0, 2.0, 3.0, 4.0]), np.array([[1.0, 3.0, 2.0, 4.0]])
    assert spearman_rows(series, rows)[0] == pytest.approx(0.8)  # 1 − 6 · 2 / (4 · 15)
    assert kendall_rows(series, rows)[0] == pytest.approx(4 / 6)  # one of six pairs in discord
    assert mean_ranks(np.array([5.0, 1.0, 5.0])).tolist() == [2.5, 1.0, 2.5]


def test_constant_series_have_no_order() -> None:
    assert np.isnan(spearman_rows(np.ones(4), np.arange(4.0)[None])[0])
    assert np.isnan(kendall_rows(np.arange(4.0), np.ones((1, 4)))[0])


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_the_statistic_of_mann_and_whitney(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, labels = rng.integers(0, 6, 25).astype(np.float64), rng.random(25) < 0.4
    expected = scipy.stats.mannwhitneyu(scores[labels], scores[~labels]).statistic / (labels.sum() * (~labels).sum())
    assert auc_rows(scores[None], labels[None])[0] == pytest.approx(expected, abs=1e-12)
    assert np.isnan(auc_rows(scores[None], np.zeros((1, 25), bool))[0])


def test_resamples_are_drawn_with_replacement_and_always_the_same() -> None:
    first, second = (np.concatenate(list(resampled_prompts(7, 3))) for _ in range(2))
    assert first.shape == (RESAMPLES, 7)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, np.concatenate(list(resampled_prompts(7, 4))))
    assert first.min() == 0
    assert first.max() == 6
    assert np.bincount(first.reshape(-1)) / first.size == pytest.approx(np.full(7, 1 / 7), abs=0.01)
    assert list(resampled_prompts(FEWEST_PROMPTS - 1, 0)) == []


def test_shares_count_what_was_drawn() -> None:
    np.testing.assert_allclose(shares(np.array([[0, 0, 2, 2], [3, 2, 1, 0]])), [[0.5, 0, 0.5, 0], [0.25] * 4])


def test_interval_against_that_of_scipy() -> None:
    values = np.random.default_rng(0).normal(3, 2, 20)
    means = np.array([values[drawn].mean(axis=1) for drawn in resampled_prompts(20, 0)]).reshape(-1)
    found = scipy.stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=1)
    low, high = interval(means)
    assert low == pytest.approx(found.confidence_interval.low, abs=0.08)
    assert high == pytest.approx(found.confidence_interval.high, abs=0.08)


def test_too_many_undefined_resamples_are_no_interval() -> None:
    values = np.arange(100.0)
    values[:11] = np.nan
    assert interval(values) == NO_INTERVAL
    values[0] = 0.0
    assert interval(values).low is not None
    assert interval(np.empty(0)) == NO_INTERVAL


@pytest.mark.parametrize("seed", range(20))
def test_ridge_is_that_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k, penalty = 15, 4, float(rng.uniform(0.01, 2))
    features = rng.standard_normal((n, k)) @ rng.standard_normal((k, k))
    targets = rng.standard_normal((n, 3))
    found = nonnegative_ridge(features, targets, penalty)
    assert (found >= 0).all()
    padded = np.concatenate([features, np.sqrt(n * penalty) * np.eye(k)])
    for column in range(3):
        expected, _ = scipy.optimize.nnls(padded, np.concatenate([targets[:, column], np.zeros(k)]))
        np.testing.assert_allclose(found[:, column], expected, atol=1e-10)


def test_ridge_of_one_feature_by_hand() -> None:
    features = np.array([[1.0], [-1.0]])
    np.testing.assert_allclose(nonnegative_ridge(features, np.array([[0.5], [-0.5]]), 1.0), [[0.25]])
    np.testing.assert_allclose(nonnegative_ridge(features, np.array([[-0.5], [0.5]]), 1.0), [[0.0]])
