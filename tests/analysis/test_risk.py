"""Scaling, the index, its weights; by hand and by properties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ggufscope.analysis.index.levels import levels
from ggufscope.analysis.index.ranking import rank_layers
from ggufscope.analysis.index.risk import participation_ratio, risk_index
from ggufscope.analysis.index.scaling import is_flat, relative_range
from ggufscope.analysis.index.scaling import scaled as scaled_by
from ggufscope.analysis.index.sensitivity import Sensitivity
from ggufscope.analysis.presets.heuristic import COMPONENTS
from ggufscope.analysis.presets.registry import PRESETS, PresetInput, Series
from ggufscope.analysis.settings import DEFAULT_WEIGHTS, make_settings
from support.analysis_models import make_table, permuted, random_table

FLOATS = arrays(np.float64, st.integers(2, 20), elements=st.floats(-1e6, 1e6).map(lambda x: round(x, 3)))


def ranking(table, **choices):
    choices = {"weights": None, "norm": "mean", "scale": "minmax", "preset": None, "seed": 0} | choices
    settings = make_settings(**choices)
    return rank_layers(PRESETS["heuristic"], PresetInput(table, settings.norm), settings)


def scaled(y, scale):
    return scaled_by(y, scale, flat=is_flat(y))


def test_scaling_by_hand():
    y = np.array([1.0, 3.0, 3.0, 5.0, 11.0])
    np.testing.assert_allclose(scaled(y, "minmax"), [0, 0.2, 0.2, 0.4, 1])
    np.testing.assert_allclose(scaled(y, "rank"), [0, 0.375, 0.375, 0.75, 1])


def test_flat_means_within_five_percent_of_the_mean_magnitude():
    assert relative_range(np.array([1.0, 1.04])) == pytest.approx(0.04 / 1.02)
    assert is_flat(np.array([1.0, 1.04]))
    assert not is_flat(np.array([1.0, 1.06]))
    assert is_flat(np.zeros(4))
    assert is_flat(np.array([7.0]))
    np.testing.assert_array_equal(scaled(np.array([100.0, 101.0]), "minmax"), [0.5, 0.5])
    np.testing.assert_array_equal(scaled(np.array([100.0, 101.0]), "rank"), [0.5, 0.5])


def test_a_relative_change_is_flat_by_what_it_is_a_change_of():
    change = np.array([-0.01, 0.0, 0.01])
    assert not is_flat(change)
    assert is_flat(change, offset=1.0)


@given(FLOATS, st.sampled_from(["minmax", "rank"]))
def test_scaled_lies_in_the_unit_interval_and_keeps_the_order(y, scale):
    units = scaled(y, scale)
    assert units.min() >= 0
    assert units.max() <= 1
    if not is_flat(y):
        assert units[y.argmin()] == 0
        assert units[y.argmax()] == 1
        assert (np.diff(units[np.argsort(y, kind="stable")]) >= 0).all()


@given(FLOATS, st.floats(0.01, 100))
def test_scaling_does_not_depend_on_the_unit(y, factor):
    if not is_flat(y) and abs(relative_range(y) - 0.05) > 1e-9:
        np.testing.assert_allclose(scaled(factor * y, "minmax"), scaled(y, "minmax"), atol=1e-9)


# k_norm 3 2 1 → 1 − u = 0 .5 1;  sparsity 0 .4 .5 → 0 .8 1;  q/gate .5 .8 .5 → 1 − u = 1 0 1
# entropy = 1/3 1.3/3 1 → u = 0 .15 1;  dominance 4 2.5 3 → u = 1 0 1/3;  amplification −.5 0 .5 → u = 0 .5 1
HAND = make_table(
    3,
    q=[6.0, 8.0, 9.0],
    k=[3.0, 2.0, 1.0],
    gate=[12.0, 10.0, 18.0],
    sparsity={"v": [0.0, 0.4, 0.5]},
    gains={"attn_norm": ([0.5, 1.0, 2.0], 1.0), "ffn_norm": ([1.0, 2.0, 3.0], 1.0)},
)


def test_the_index_by_hand():
    risk = ranking(HAND).risk
    np.testing.assert_allclose(risk.raw["attention_entropy"], [1 / 3, 1.3 / 3, 1])
    np.testing.assert_allclose(risk.scaled["attention_entropy"], [0, 0.15, 1])
    np.testing.assert_allclose(risk.scaled["ffn_dominance"], [1, 0, 1 / 3])
    np.testing.assert_allclose(risk.values, [25, 36.25, 25 * (1 + 1 / 3 + 1 + 1)])
    assert risk.contributions(2) == pytest.approx(
        {"attention_entropy": 25, "ffn_dominance": 25 / 3, "value_sparsity": 25, "norm_amplification": 25}
    )


def test_weights_by_hand():
    weighted = ranking(HAND, weights={"entropy": 3, "dominance": 1}).risk
    np.testing.assert_allclose(weighted.values, [25, 11.25, 75 + 25 / 3])
    assert set(weighted.dropped) == {"value_sparsity", "norm_amplification"}


def test_effective_weights_count_value_sparsity_twice():
    risk = ranking(HAND).risk
    assert risk.effective_weights == pytest.approx(
        {"k_norm": 1 / 12, "value_sparsity": 1 / 3, "q_gate_ratio": 1 / 12, "ffn_dominance": 1 / 4,
         "norm_amplification": 1 / 4}
    )  # fmt: skip


FLAT_INPUTS = make_table(
    6,
    q=1 + 0.001 * np.arange(6),
    k=2 + 0.001 * np.arange(6),
    sparsity={"v": [0.01, 0.06, 0.02, 0.06, 0.03, 0.1]},
    gains={"ffn_norm": ([1.0, 3.0, 2.0, 5.0, 4.0, 9.0], 1.0), "attn_norm": ([1.0, 1.0, 4.0, 1.0, 2.0, 3.0], 1.0)},
)


def test_a_component_that_equals_another_one_counts_once_with_the_weights_of_both():
    """Gemma 3 270M: two of three inputs of attention entropy are flat, so that it equals value sparsity."""
    risk = ranking(FLAT_INPUTS).risk
    assert risk.flat == ("k_norm", "q_gate_ratio")
    assert risk.equal == {"attention_entropy": "value_sparsity"}
    assert risk.weights == pytest.approx({"ffn_dominance": 1 / 4, "value_sparsity": 1 / 2, "norm_amplification": 1 / 4})
    assert risk.effective_weights == pytest.approx(risk.weights)
    assert len(risk.matrix) == 3
    assert risk.contributions(5) == pytest.approx(
        {name: 100 * weight * risk.scaled[name][5] for name, weight in risk.weights.items()}
    )
    assert sum(risk.contributions(5).values()) == pytest.approx(risk.values[5])


def test_equal_inputs_of_a_composite_count_once():
    table = make_table(3, k=[3.0, 2.0, 1.0], q=[6.0, 8.0, 9.0], gate=[12.0, 10.0, 18.0], sparsity={"v": [0, 0.25, 0.5]})
    risk = ranking(table).risk
    np.testing.assert_allclose(risk.raw["attention_entropy"], [0.5, 0.25, 1])  # 0 .5 1 and 1 0 1, each once
    assert risk.equal["value_sparsity"] == "k_norm"


def test_effective_weights_are_of_what_varies():
    table = make_table(
        3, k=[1.0, 2.0, 4.0], q=[1.0, 3.0, 2.0], sparsity={"v": 0.01}, gains={"ffn_norm": ([1, 2, 9], 1)}
    )
    risk = ranking(table).risk
    assert "value_sparsity" in risk.flat
    assert risk.weights["value_sparsity"] == 0.25
    np.testing.assert_array_equal(risk.scaled["value_sparsity"], 0.5)
    assert risk.effective_weights == pytest.approx(
        {"k_norm": 1 / 6, "q_gate_ratio": 1 / 6, "ffn_dominance": 1 / 3, "norm_amplification": 1 / 3}
    )


SMOLLM2_ZEROS = (35, 20, 31, 51, 26, 58, 48, 23, 17, 56, 52, 39, 41, 38, 26, 29, 58, 44, 32, 23, 30, 24, 51, 79, 51, 15,
                 42, 22, 39, 50)  # fmt: skip


def zeros_table(counts, type_="Q4_1", n_elements=110_592):
    table = make_table(len(counts), k=np.linspace(1, 3, len(counts)), types={"v": type_})
    shares = np.array(counts) / n_elements
    value = replace(
        table.matrices["v"], sparsity=shares, zero_fraction=shares, elements=np.full(len(counts), n_elements)
    )
    return replace(table, matrices={**table.matrices, "v": value})


@pytest.mark.parametrize("scale", ["minmax", "rank"])
def test_a_component_within_its_quantizers_own_noise_is_flat(scale):
    """SmolLM2-135M-Instruct as Q4_1: 15 to 79 zeros of 110 592, where 30 to 42 are expected."""
    risk = ranking(zeros_table(SMOLLM2_ZEROS), scale=scale).risk
    assert risk.noise == {"value_sparsity": "Q4_1's own noise"}
    np.testing.assert_array_equal(risk.scaled["value_sparsity"], 0.5)
    assert "value_sparsity" not in risk.effective_weights
    assert risk.deciding == ["attention_entropy"]


def test_more_zeros_than_noise_are_not_flat():
    planted = [*SMOLLM2_ZEROS[:-1], 200]
    assert ranking(zeros_table(planted)).risk.noise == {}
    assert ranking(zeros_table(SMOLLM2_ZEROS, ["Q4_1", "Q4_K"] * 15)).risk.noise == {}  # types differ: no noise


def test_zeros_of_weights_that_are_not_quantized_differ_by_chance():
    rng = np.random.default_rng(0)
    assert ranking(zeros_table(rng.poisson(6, 30), "F16")).risk.noise == {"value_sparsity": "the noise of counting"}
    assert ranking(zeros_table([*rng.poisson(6, 29), 60], "F16")).risk.noise == {}


def test_an_unavailable_component_leaves_the_whole_model_and_the_rest_adds_up_to_one():
    table = make_table(3, k=[1.0, 2.0, 3.0], gains={"ffn_norm": ([1.0, np.nan, 2.0], 1.0)})
    risk = ranking(table).risk
    assert set(risk.dropped) == {"ffn_dominance", "norm_amplification"}
    assert risk.weights == {"attention_entropy": 0.5, "value_sparsity": 0.5}
    assert "is not defined on every layer" in risk.dropped["norm_amplification"]


def test_without_any_component_there_is_no_index():
    nothing = np.full(3, np.nan)
    table = make_table(
        3, q=nothing, k=nothing, gate=nothing, sparsity={"v": nothing}, gains={"ffn_norm": (nothing, nothing)}
    )
    found = ranking(table)
    assert np.isnan(found.risk.values).all()
    assert found.draws is None
    assert found.risk.is_flat
    assert participation_ratio(found.risk.matrix) is None


def test_a_score_left_out_is_left_out_wherever_it_enters():
    series = PRESETS["heuristic"].compute(PresetInput(HAND, "mean")).series
    risk = risk_index(series, COMPONENTS, DEFAULT_WEIGHTS, "minmax", without=["value_sparsity"])
    np.testing.assert_allclose(risk.raw["attention_entropy"], [0.5, 0.25, 1])
    assert "value_sparsity" in risk.dropped
    assert "value_sparsity" not in risk.effective_weights
    assert sum(risk.weights.values()) == pytest.approx(1)


def test_participation_ratio():
    x = np.linspace(0, 1, 50)
    assert participation_ratio(np.array([x, 2 * x, 1 - x])) == pytest.approx(1)
    independent = np.linalg.qr(np.random.default_rng(0).normal(size=(50, 4)) - 0.0)[0]
    centred = np.linalg.qr(independent - independent.mean(axis=0))[0].T
    assert participation_ratio(centred) == pytest.approx(4)
    assert participation_ratio(np.array([x, np.full(50, 0.5)])) == pytest.approx(1)
    assert participation_ratio(np.zeros((2, 5))) is None


@pytest.mark.parametrize("scale", ["minmax", "rank"])
def test_permuting_layers_permutes_index_ranks_and_probabilities(scale):
    table, order = random_table(11), np.random.default_rng(3).permutation(11)
    one, other = ranking(table, scale=scale), ranking(permuted(table, order), scale=scale)
    np.testing.assert_allclose(other.risk.values, one.risk.values[order], atol=1e-9)
    np.testing.assert_allclose(other.draws.p_top_three, one.draws.p_top_three[order], atol=1e-3)
    np.testing.assert_allclose(other.draws.rank_high, one.draws.rank_high[order], atol=0.5)


@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_identical_layers_give_a_flat_index_and_no_words(noise):
    rng = np.random.default_rng(0)
    sizes = {name: 2.0 * (1 + noise * rng.normal(size=24)) for name in ("q", "k", "v", "gate", "up", "down", "o")}
    found = ranking(make_table(24, sparsity={"v": 0.02 * (1 + noise * rng.normal(size=24))}, **sizes))
    np.testing.assert_array_equal(found.risk.values, np.full(24, 50.0))
    assert found.risk.is_flat
    assert levels(found.risk, found.draws) == [None] * 24


def index_of(*units):
    """An index of single scores, one for each of `units`."""
    names = ("ffn_dominance", "value_sparsity", "norm_amplification")[: len(units)]
    series = {name: Series(u, "", ("k",), gauge_invariant=False) for name, u in zip(names, units, strict=True)}
    return risk_index(series, [term for term in COMPONENTS if term.name in names], DEFAULT_WEIGHTS, "minmax")


def test_level_words_need_certainty():
    units = np.linspace(0, 100, 10)
    risk = index_of(units, units**2)
    object.__setattr__(risk, "values", units)
    p = np.array([0.0, 0.1, 0.11, 0.05, 0.0, 0.0, 0.1, 0.5, 0.9, 0.95])
    draws = Sensitivity(p, p, p, p)
    assert levels(risk, draws) == ["low", "low", None, "low", "low", "medium", "medium", None, "high", "high"]
    assert levels(index_of(units), draws) == [None] * 10  # no weights can change the order of a single component
    assert levels(index_of(units, units + 3), draws) == [None] * 10  # nor of two that are equal
    object.__setattr__(risk, "values", units[:5])
    assert levels(risk, Sensitivity(p[:5], p[:5], p[:5], p[:5])) == [None] * 5
