"""The rules of the hypotheses and their evidence, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from ggufscope.analysis.index.trends import difference, early_and_late, group_interval, rises
from ggufscope.analysis.orders import tau
from ggufscope.analysis.verdicts import rules
from ggufscope.analysis.verdicts.rules import RuleNotApplicableError


def test_early_and_late_are_rounded_thirds():
    sizes = [len(early_and_late(np.arange(float(n)))[0]) for n in (1, 2, 4, 5, 8, 32)]
    assert sizes == [1, 1, 1, 2, 3, 11]


@given(st.lists(st.integers(0, 5), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_tau_is_that_of_scipy(values, random):
    first = np.array(values, float)
    second = np.array(random.sample(values, len(values)), float)
    expected = scipy.stats.kendalltau(first, second).statistic if np.ptp(first) else math.nan
    found = tau(first, second)
    assert found is None if math.isnan(expected) else found == pytest.approx(expected, abs=1e-12)


def test_tau_of_nothing_is_undefined():
    assert tau(np.array([1.0]), np.array([2.0])) is None
    assert tau(np.array([1.0, 1.0]), np.array([2.0, 3.0])) is None


def test_intervals_resample_within_the_groups():
    early, late = np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
    low, high = group_interval(early, late, difference)
    assert 8.6 <= low < 10 < high <= 11.4
    assert group_interval(early, late, difference) == (low, high)
    assert group_interval(early, np.full(3, 9.0), difference) != (low, high)
    assert group_interval(np.full(3, 1.0), np.full(4, 3.0), difference) == (2.0, 2.0)
    assert group_interval(np.array([1.0]), late, difference) is None


def test_upward_needs_tau_and_the_interval():
    assert rises(np.linspace(0, 1, 12))[0]
    assert not rises(np.linspace(1, 0, 12))[0]
    assert not rises(np.ones(12))[0]
    noisy = np.random.default_rng(0).normal(size=12)
    assert not rises(noisy)[0]


def test_a_fall_by_hand():
    y = np.array([2.0, 2.0, 9.0, 1.0, 2.5])  # early mean 2, late mean 1.75
    found = rules.falls(0.10)(y)
    assert found.value == pytest.approx(-0.125)
    assert found.holds
    assert not rules.falls(0.13)(y).holds
    assert found.interval[0] <= -0.125 <= found.interval[1]
    assert rules.falls_alone(0.10)(y).value == pytest.approx(-0.125)


def test_growth_by_hand():
    y = np.array([2.0, 2.2, 2.5, 3.0, 3.3])
    found = rules.last_over_first(0.50)(y)
    assert found.value == pytest.approx(0.65)
    assert found.tau == 1
    assert found.holds
    assert rules.last_over_mean(0.15)(y).value == pytest.approx(3.3 / 2.6 - 1)


def test_growth_of_one_layer_is_no_trend():
    y = np.array([2.0, 3.0, 2.0, 2.0, 2.0, 2.0, 3.5])
    assert not rules.last_over_first(0.50)(y).holds
    assert rules.last_over_first_alone(0.50)(y).holds
    assert not rules.last_over_mean(0.15)(y).holds
    assert rules.last_over_mean_alone(0.15)(y).holds


def test_clusters_by_hand():
    y = np.tile([0.0, 0.002, 0.05, 0.052], 4)
    found = rules.bimodal(y)
    assert found.value == pytest.approx(0.05)
    assert found.details == {
        "ashman_d": pytest.approx(math.sqrt(2) * 0.05 / math.sqrt(2e-6)),
        "layers_low": 8,
        "layers_high": 8,
    }
    assert found.holds
    assert found.interval[0] <= 0.05 <= found.interval[1]
    assert rules.median_split_gap(y).value == pytest.approx(0.05)


def test_what_is_not_bimodal():
    assert not rules.bimodal(np.linspace(0, 1, 32)).holds  # D of a uniform spread is under 4
    assert not rules.bimodal(np.random.default_rng(0).normal(0.1, 0.02, 32)).holds
    assert not rules.bimodal(np.tile([0.0, 0.009], 16)).holds  # apart, but by less than 0.01
    assert not rules.bimodal(np.zeros(32)).holds
    single = np.zeros(32)
    single[3] = 1.0
    assert not rules.bimodal(single).holds  # one layer is no cluster


def test_clusters_without_spread_are_apart():
    found = rules.bimodal(np.tile([0.0, 0.02], 16))
    assert found.holds
    assert found.details["ashman_d"] is None


@pytest.mark.parametrize("n", [16, 17, 24, 40])
def test_the_best_split_has_least_variance_within(n):
    y = np.random.default_rng(n).normal(size=n)
    least = max(2, math.ceil(n / 8))
    ordered = np.sort(y)

    def within(cut):
        return sum(np.square(part - part.mean()).sum() for part in (ordered[:cut], ordered[cut:]))

    best = min(range(least, n - least + 1), key=within)
    assert [len(part) for part in rules.best_split(y)] == [best, n - best]


@pytest.mark.parametrize(
    ("rule", "values", "reason"),
    [
        (rules.bimodal, np.zeros(15), "15 layers; at least 16 are needed"),
        (rules.falls(0.1), np.ones(4), "4 layers; at least 5"),
        (rules.last_over_first(0.5), np.ones(4), "4 layers"),
        (rules.last_over_first(0.5), np.array([0.0, 1, 2, 3, 4]), "are 0"),
        (rules.falls(0.1), np.array([0.0, 0, 1, 1, 1]), "are 0"),
        (rules.median_split_gap, np.ones(1), "1 layers"),
    ],
)
def test_rules_that_have_nothing_to_say(rule, values, reason):
    with pytest.raises(RuleNotApplicableError, match=reason):
        rule(values)
