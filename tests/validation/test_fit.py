"""Fitted weights: planted relations are found, a null stays one, and too little is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from ggufscope.analysis.settings import DEFAULT_WEIGHTS
from ggufscope.validation.features import NO_VARIANCE, NOT_MEASURED, read_features
from ggufscope.validation.fit import BETTER, FEWEST, fit_weights, power
from ggufscope.validation.weights import NO_FEATURE, PENALTY, held_out
from support.comparisons import CATEGORIES, make_answers, make_trace, random_answers


def test_a_planted_feature_is_found() -> None:
    fit = fit_weights(make_answers(*random_answers(200, 12.0, 0)), seed=0)
    assert fit.fitted
    assert not fit.exploratory
    assert fit.weights is not None
    assert fit.auc is not None
    assert fit.auc_uniform is not None
    assert fit.weights["ffn_dominance"] > 0.7
    assert sum(fit.weights.values()) == pytest.approx(1)
    assert min(fit.weights.values()) >= 0
    assert fit.auc.value > 0.85
    assert fit.p == 0.001  # no shuffle of 999
    assert fit.verdict == f"{BETTER}, above shuffled labels"
    assert [fold.category for fold in fit.folds] == list(CATEGORIES)


def test_equal_features_are_undecided_against_uniform_weights() -> None:
    rng = np.random.default_rng(1)
    features = rng.uniform(0.2, 0.8, (800, 4))
    wrong = features.sum(axis=1) + rng.normal(0, 0.3, 800) > 2.0
    fit = fit_weights(make_answers(features, wrong), seed=0)
    assert fit.weights is not None
    assert list(fit.weights.values()) == pytest.approx([0.25] * 4, abs=0.05)
    assert fit.verdict == "undecided with 800 answers against uniform weights, above shuffled labels"


def test_a_null_stays_one() -> None:
    """Labels that have nothing to do with the features: of 40 fits hardly one is called better than anything."""
    p_values, better, aucs = [], 0, []
    for seed in range(40):
        fit = fit_weights(make_answers(*random_answers(40, 0.0, seed)), seed=0)
        if not fit.fitted:
            assert fit.reason is not None
            assert NO_FEATURE in fit.reason
            continue
        assert fit.p is not None
        assert fit.auc is not None
        assert fit.verdict is not None
        assert fit.exploratory
        p_values.append(fit.p)
        aucs.append(fit.auc.value)
        better += "above shuffled labels" in fit.verdict
    assert better <= 4
    assert np.mean(aucs) == pytest.approx(0.5, abs=0.06)
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 0.01


def test_the_fit_is_that_of_scipy() -> None:
    features, wrong = random_answers(60, 4.0, 3)
    fit = fit_weights(make_answers(features, wrong), seed=0)
    standardized = (features - features.mean(axis=0)) / features.std(axis=0)
    padded = np.concatenate([standardized, np.sqrt(60 * PENALTY) * np.eye(4)])
    targets = np.concatenate([wrong - wrong.mean(), np.zeros(4)])
    expected, _ = scipy.optimize.nnls(padded, targets)
    assert fit.weights is not None
    assert list(fit.weights.values()) == pytest.approx(expected / expected.sum(), abs=1e-6)
    for feature, column in zip(fit.features, features.T, strict=True):
        area = scipy.stats.mannwhitneyu(column[wrong], column[~wrong]).statistic / (wrong.sum() * (~wrong).sum())
        assert feature.auc == pytest.approx(area)
        assert feature.mean_wrong == pytest.approx(column[wrong].mean())
        assert feature.mean_correct == pytest.approx(column[~wrong].mean())


def test_a_category_has_no_part_in_its_own_scores() -> None:
    features, wrong = random_answers(60, 4.0, 3)
    scored = read_features(make_answers(features, wrong))
    before, _ = held_out(scored, wrong[:, None])
    inside = np.array(scored.categories) == "b"
    changed = np.where(inside, ~wrong, wrong)
    after, _ = held_out(scored, changed[:, None])
    np.testing.assert_allclose(after[inside], before[inside])
    assert not np.allclose(after[~inside], before[~inside])


def test_many_labellings_at_once_are_the_same_as_one_by_one() -> None:
    features, wrong = random_answers(40, 2.0, 5)
    scored = read_features(make_answers(features, wrong))
    labels = np.random.default_rng(0).permuted(np.repeat(wrong[:, None], 6, axis=1), axis=0)
    together, _ = held_out(scored, labels)
    for column in range(6):
        alone, _ = held_out(scored, labels[:, [column]])
        np.testing.assert_allclose(together[:, [column]], alone)


def test_a_feature_without_variance_keeps_its_weight() -> None:
    features, wrong = random_answers(60, 8.0, 2)
    features[:, 2] = 0.3
    features[:, 3] = np.nan
    fit = fit_weights(make_answers(features, wrong), seed=0)
    assert fit.weights is not None
    assert fit.weights["value_sparsity"] == DEFAULT_WEIGHTS["value_sparsity"]
    assert fit.weights["norm_amplification"] == DEFAULT_WEIGHTS["norm_amplification"]
    assert fit.weights["attention_entropy"] + fit.weights["ffn_dominance"] == pytest.approx(0.5)
    assert [feature.kept for feature in fit.features] == [None, None, NO_VARIANCE, NOT_MEASURED]
    assert fit.features[3].mean_wrong is None
    assert all(fold.weights["value_sparsity"] == 0.25 for fold in fit.folds)


@pytest.mark.parametrize(("n_correct", "n_wrong"), [(20, FEWEST - 1), (FEWEST - 1, 20), (0, 30)])
def test_too_few_of_a_kind(n_correct: int, n_wrong: int) -> None:
    features = np.random.default_rng(0).uniform(0, 1, (n_correct + n_wrong, 4))
    fit = fit_weights(make_answers(features, [False] * n_correct + [True] * n_wrong, unscored=3), seed=0)
    assert not fit.fitted
    assert fit.weights is None
    assert fit.reason is not None
    few = f"{n_wrong} wrong" if n_wrong < FEWEST else f"{n_correct} correct"
    assert fit.reason == f"it takes {FEWEST} answers of either kind, and there are {few}"
    assert (fit.n_correct, fit.n_wrong, fit.n_unscored) == (n_correct, n_wrong, 3)


def test_five_of_each_are_enough() -> None:
    rng = np.random.default_rng(0)
    wrong = np.array([False, True] * 5)
    features = rng.uniform(0.4, 0.6, (10, 4)) + 0.1 * wrong[:, None]
    fit = fit_weights(make_answers(features, wrong, categories=3), seed=0)
    assert fit.fitted
    assert fit.exploratory
    assert fit.power == pytest.approx(power(5, 5))


def test_other_refusals() -> None:
    features, wrong = random_answers(40, 2.0, 0)
    one = fit_weights(make_answers(features, wrong, categories=1), seed=0)
    assert one.reason == "all scored prompts are of one category: none can be left out"
    same = fit_weights(make_answers(np.full((40, 4), 0.5), wrong), seed=0)
    assert same.reason == "no feature differs between prompts"
    lower = np.where(wrong[:, None], 0.3, 0.7) + np.random.default_rng(0).uniform(0, 0.1, (40, 4))
    opposite = fit_weights(make_answers(lower, wrong), seed=0)
    assert opposite.reason == f"{NO_FEATURE}: every fitted weight is 0"
    text = fit_weights(make_trace(source="text", n_prompts=1), seed=0)
    assert text.reason == "the trace is of a text: there are no answers"
    assert (
        fit_weights(make_trace(source="probe"), seed=0).reason == "the trace is of random tokens: there are no answers"
    )
    assert fit_weights(make_trace(), seed=0).reason == "no answers were generated, so that none could be scored"


def test_prompts_with_undefined_features_are_counted() -> None:
    features, wrong = random_answers(40, 2.0, 0)
    features[7, 2] = np.nan
    fit = fit_weights(make_answers(features, wrong, unscored=2), seed=0)
    assert (fit.n_incomplete, fit.n_unscored) == (1, 2)
    assert fit.n_correct + fit.n_wrong == 39
    assert "p7" not in {score.id for score in fit.scores}


def test_scores_are_told() -> None:
    features, wrong = random_answers(40, 2.0, 0)
    fit = fit_weights(make_answers(features, wrong), seed=0)
    assert [score.wrong for score in fit.scores] == wrong.tolist()
    standardized = (features - features.mean(axis=0)) / features.std(axis=0)
    assert [score.uniform for score in fit.scores] == pytest.approx(standardized.mean(axis=1), abs=1e-6)
    weights = {fold.category: np.array(list(fold.weights.values())) for fold in fit.folds}
    expected = [row @ weights[score.category] for row, score in zip(standardized, fit.scores, strict=True)]
    assert [score.fitted for score in fit.scores] == pytest.approx(expected, abs=1e-6)


def test_power_is_what_simulation_finds() -> None:
    """Normal scores whose AUC is 0.7, tested by Mann and Whitney."""
    assert power(10, 10) == pytest.approx(0.31, abs=0.005)
    assert power(0, 10) is None
    rng = np.random.default_rng(0)
    shift = np.sqrt(2) * scipy.stats.norm.ppf(0.7)
    correct, wrong = rng.standard_normal((2000, 10)), rng.standard_normal((2000, 10)) + shift
    p_values = scipy.stats.mannwhitneyu(wrong, correct, axis=1, method="asymptotic").pvalue
    assert power(10, 10) == pytest.approx((p_values < 0.05).mean(), abs=0.05)


def test_deterministic() -> None:
    trace = make_answers(*random_answers(40, 2.0, 0))
    np.random.default_rng(1).random(10)
    first = fit_weights(trace, seed=0)
    np.random.seed(5)  # noqa: NPY002  the global state, which must not matter
    assert fit_weights(trace, seed=0) == first
    other = fit_weights(trace, seed=1)
    assert other.null != first.null
    assert other.weights == first.weights
