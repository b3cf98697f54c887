"""Costs of errors pushed through their branches, against plain NumPy in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.diffs.costs import measure
from support import cost_reference, networks
from support.row_sources import Rows, damaged

N_TOKENS = 96


def complete(kind, *, tied=False):
    """A model of a kind with what stands behind its layers."""
    sample = networks.sample(kind)
    chance = np.random.default_rng(7)
    ends = {"output_norm.weight": (1 + 0.3 * chance.standard_normal(networks.WIDTH)).astype(np.float32)}
    if not tied:
        ends["output.weight"] = chance.normal(0, 0.1, sample.tensors["token_embd.weight"].shape).astype(np.float32)
    tensors = sample.tensors | ends
    return replace(sample, tensors=tensors, network=networks.network(networks.KINDS[kind], tensors))


def read(sample, seed=3):
    """A reading of random ordinary tokens."""
    tokens = np.random.default_rng(seed).choice(sample.ordinary, N_TOKENS)
    return cost_reference.Read(sample.network, tokens)


def matrices(sample):
    """Names of matrices that stand in layers, without their ending."""
    names = (name.removesuffix(".weight") for name, tensor in sample.tensors.items() if tensor.ndim > 1)
    return [name for name in names if name.startswith("blk.") and "gate_inp" not in name]


def costs_of(sample, write_gguf, tokens, substitutes, **options):
    """The costs of arrays by name of the matrix, as `T`."""
    candidates = {f"{name}.weight": {"T": Rows(weights)} for name, weights in substitutes.items()}
    with gs.open(write_gguf(**sample.file())) as model:
        return measure(model, candidates, tokens=tokens, threads=1, **options)


@pytest.mark.parametrize("kind", ["llama", "mixtral", "gemma2", "granite", "gptneox", "command-r", "qwen2moe"])
def test_costs_are_those_of_the_reference(write_gguf, kind):
    sample = complete(kind)
    reading = read(sample)
    substitutes = {
        name: damaged(sample.tensors[f"{name}.weight"], place) for place, name in enumerate(matrices(sample))
    }
    costs = costs_of(sample, write_gguf, reading.tokens, substitutes)
    assert costs.reason is None
    assert costs.method == "traced"
    assert costs.n_tokens == N_TOKENS
    expected = {name: cost_reference.cost(reading, name, weights) for name, weights in substitutes.items()}
    assert {name: costs.of(f"{name}.weight", "T") for name in expected} == pytest.approx(expected, rel=2e-4)


def test_equal_weights_cost_nothing(write_gguf):
    sample = complete("mixtral")
    substitutes = {name.removesuffix(".weight"): tensor for name, tensor in sample.tensors.items() if tensor.ndim > 1}
    costs = costs_of(sample, write_gguf, read(sample).tokens, substitutes)
    assert {cost.cost for cost in costs.by_place.values()} == {0.0}
    assert len(costs.by_place) == len(substitutes)


def test_error_larger_than_the_stream_costs_what_it_is_measured_to_do(write_gguf):
    sample = complete("llama")
    reading = read(sample)
    name = "blk.0.ffn_down"
    weights = sample.tensors[f"{name}.weight"].copy()
    weights[:, 5] *= 40
    share = cost_reference.largest_share(reading, name, weights)
    assert share > 1
    costs = costs_of(sample, write_gguf, reading.tokens, {name: weights})
    cost = costs.by_place[f"{name}.weight", "T"]
    measured = cost_reference.divergence(sample.network, name, weights, reading.tokens)
    assert cost.rescued
    assert cost.largest_share == pytest.approx(share, rel=1e-3)
    assert cost.cost == pytest.approx(max(measured, cost_reference.cost(reading, name, weights)), rel=1e-3)
    assert costs.rescued == [(f"{name}.weight", "T")]


def test_output_costs_the_divergence_of_its_scores(write_gguf):
    sample = complete("llama")
    reading = read(sample)
    weights = damaged(sample.tensors["output.weight"])
    cost = costs_of(sample, write_gguf, reading.tokens, {"output": weights}).of("output.weight", "T")
    stream = reading.streams[-1][-cost_reference.N_MEASURED :]
    other = cost_reference.substituted(sample.network, "output", weights)
    assert cost == pytest.approx(cost_reference.mean_divergence(sample.network, other, stream), rel=1e-4)


def test_tied_embedding_costs_as_embedding_and_as_output(write_gguf):
    sample = complete("gemma", tied=True)
    assert "output.weight" not in sample.tensors
    reading = read(sample)
    weights = damaged(sample.tensors["token_embd.weight"])
    cost = costs_of(sample, write_gguf, reading.tokens, {"token_embd": weights}).of("token_embd.weight", "T")
    stream = reading.streams[-1][-cost_reference.N_MEASURED :]
    other = cost_reference.substituted(sample.network, "token_embd", weights)
    as_output = cost_reference.mean_divergence(sample.network, other, stream)
    assert cost == pytest.approx(cost_reference.embedding_cost(reading, weights) + as_output, rel=2e-4)


def test_each_type_has_its_cost(write_gguf):
    sample = complete("llama")
    name = "blk.1.attn_v.weight"
    exact = sample.tensors[name]
    error = damaged(exact) - exact
    candidates = {name: {"fine": Rows(exact + error / 2), "coarse": Rows(exact + error)}}
    with gs.open(write_gguf(**sample.file())) as model:
        costs = measure(model, candidates, tokens=read(sample).tokens, threads=1)
    assert costs.of(name, "coarse") == pytest.approx(4 * costs.of(name, "fine"), rel=0.1)


def test_any_threads_give_the_same_costs(write_gguf):
    sample = complete("mixtral")
    name = "blk.0.ffn_gate_exps.weight"
    candidates = {name: {"T": Rows(damaged(sample.tensors[name]))}}
    with gs.open(write_gguf(**sample.file())) as model:
        one, two = (measure(model, candidates, tokens=read(sample).tokens, threads=threads) for threads in (1, 2))
    assert one.of(name, "T") == pytest.approx(two.of(name, "T"), rel=1e-4)


def test_model_that_cannot_be_read_has_static_costs_and_the_reason(write_gguf):
    sample = complete("llama")
    name = "blk.0.attn_q.weight"
    candidates = {name: {"T": Rows(damaged(sample.tensors[name]))}}
    file = sample.file() | {"architecture": "never-heard-of"}
    with gs.open(write_gguf(**file)) as model:
        costs = measure(model, candidates)
    assert costs.method == "static"
    assert "never-heard-of" in costs.reason


def test_matrix_that_is_not_multiplied_has_a_static_cost(write_gguf):
    sample = complete("llama")
    file = sample.file()
    name, exact = "cls.weight", sample.tensors["blk.0.ffn_up.weight"]
    file["tensors"] = file["tensors"] | {name: exact}
    with gs.open(write_gguf(**file)) as model:
        costs = measure(model, {name: {"T": Rows(2 * exact)}}, tokens=read(sample).tokens)
    assert costs.reason is None
    assert any(name in warning for warning in costs.warnings)
    assert costs.of(name, "T") == pytest.approx(0.0014 / 0.088)
