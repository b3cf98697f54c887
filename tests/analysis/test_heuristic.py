"""Every formula of the heuristic preset, with values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ggufscope.analysis.presets import heuristic
from ggufscope.analysis.presets.registry import PRESETS, PresetInput, scores
from support.analysis_models import make_table, permuted, random_table

TABLE = make_table(
    3,
    q=[6.0, 8.0, 9.0],
    k=[3.0, 2.0, 1.0],
    v=[2.0, 3.0, 5.0],
    gate=[12.0, 10.0, 18.0],
    sparsity={"v": [0.0, 0.25, 0.5]},
    rows={"q": 4.0, "k": 1.0},
    gains={"attn_norm": ([0.5, 1.0, 2.0], [1.0, 2.0, 4.0]), "ffn_norm": ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])},
)


def values(name, norm="mean", table=TABLE):
    return scores("heuristic")[name].series(table, norm).values


@pytest.mark.parametrize(
    ("name", "norm", "expected"),
    [
        ("k_norm", "mean", [3, 2, 1]),
        ("v_norm", "mean", [2, 3, 5]),
        ("value_sparsity", "mean", [0, 0.25, 0.5]),
        ("q_gate_ratio", "mean", [0.5, 0.8, 0.5]),
        ("value_amplification", "mean", [0, 0.5, 1.5]),
        ("norm_amplification", "mean", [-0.5, 0, 0.5]),
        ("norm_amplification", "rms", [0, 0, 0]),
        ("ffn_dominance", "mean", [12 / 3, 20 / 8, 54 / 18]),
        ("ffn_dominance", "rms", [24 / 6, 20 / 16, 36 / 36]),
        ("value_output", "mean", [1, 3, 10]),
        ("value_output", "rms", [2, 6, 20]),
        ("retention_index", "mean", [0.5, 0.75, 0.75]),
        ("retention_index", "rms", [1, 0.75, 0.5]),
        ("ffn_gain", "mean", [1, 2, 3]),
        ("attn_gain", "rms", [1, 2, 4]),
        ("qk_row_ratio", "mean", [3 / 3, 4 / 2, 4.5 / 1]),
        ("qk_balance", "mean", [1, 0.5, 1 / 4.5]),
        ("qk_norm_ratio", "mean", [2, 4, 9]),
        ("qk_norm_balance", "mean", [1 / 2, 1 / 4, 1 / 9]),
    ],
)
def test_a_formula_by_hand(name, norm, expected):
    np.testing.assert_allclose(values(name, norm), expected, rtol=1e-15, atol=1e-15)


def test_every_score_is_tested_by_hand():
    tested = {arguments.args[1][i][0] for arguments in test_a_formula_by_hand.pytestmark for i in range(19)}
    assert tested == set(scores("heuristic"))


def test_both_norm_scales_are_reported():
    found = PRESETS["heuristic"].compute(PresetInput(TABLE, "mean")).series
    for name in ("ffn_dominance", "norm_amplification", "value_output", "retention_index", "ffn_gain", "attn_gain"):
        np.testing.assert_array_equal(found[name].values, found[f"{name}_mean"].values)
        np.testing.assert_array_equal(found[f"{name}_rms"].values, values(name, "rms"))


def test_a_zero_denominator_is_undefined_and_no_warning():
    table = make_table(2, q=[1.0, 0.0], gate=[0.0, 1.0], v=[0.0, 1.0], k=[0.0, 1.0])
    assert np.isnan(values("q_gate_ratio", table=table)).tolist() == [True, False]
    assert np.isnan(values("ffn_dominance", table=table)).tolist() == [False, True]
    assert np.isnan(values("value_amplification", table=table)).all()
    assert np.isnan(values("qk_norm_ratio", table=table)).tolist() == [True, False]


def test_without_rows_the_norms_stand_for_them():
    table = make_table(2, q=[4.0, 6.0], k=[2.0, 2.0], rows={"q": np.nan, "k": np.nan})
    np.testing.assert_array_equal(values("qk_row_ratio", table=table), [2, 3])
    assert not heuristic.has_rows(table)


def test_permuting_layers_permutes_scores():
    table, order = random_table(9), np.random.default_rng(1).permutation(9)
    for name in scores("heuristic"):
        if name != "value_amplification":  # relative to the first layer
            moved = values(name, table=permuted(table, order))
            np.testing.assert_allclose(moved, values(name, table=table)[order], rtol=1e-14)
