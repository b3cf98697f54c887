"""Costs of a model that is not read, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.costs import measure, static
from support import small_models
from support.row_sources import Rows, damaged


@pytest.fixture
def model(write_gguf):
    with gs.open(write_gguf(**small_models.llama())) as opened:
        yield opened


def test_cost_is_the_relative_squared_error_times_the_mean_of_the_role(model):
    name = "blk.1.ffn_down.weight"
    exact = model.tensors[name].dequantize()
    other = damaged(exact)
    costs = measure(model, {name: {"Q4_0": Rows(other), "Q8_0": Rows(exact)}})
    error = np.sum((other.astype(float) - exact) ** 2) / np.sum(exact.astype(float) ** 2)
    assert costs.of(name, "Q4_0") == pytest.approx(0.0029 * error / 0.088, rel=1e-9)
    assert costs.of(name, "Q8_0") == 0
    assert costs.method == "static"
    assert "weak" in costs.warnings[0]


def test_importance_weighs_columns_of_each_expert(write_gguf):
    name = "blk.1.ffn_gate_exps.weight"
    with gs.open(write_gguf(**small_models.mixture())) as model:
        exact = model.tensors[name].dequantize()
        other = damaged(exact, seed=1)
        importance = np.random.default_rng(2).uniform(0.1, 9, (len(exact), exact.shape[-1]))
        cost = measure(model, {name: {"Q4_0": Rows(other)}}, importance={name: importance}).of(name, "Q4_0")
    weights = importance[:, None, :]
    error = np.sum(weights * (other.astype(float) - exact) ** 2) / np.sum(weights * exact.astype(float) ** 2)
    assert cost == pytest.approx(0.0022 * error / 0.088, rel=1e-9)


def test_any_threads_give_the_same_cost(model, monkeypatch):
    monkeypatch.setattr(static, "_TILE_ELEMENTS", 100)
    name = "blk.1.ffn_down.weight"
    other = Rows(damaged(model.tensors[name].dequantize()))
    alone, together = (static.static_cost(model.tensors[name], other, None, threads) for threads in (1, 3))
    assert alone == together > 0
