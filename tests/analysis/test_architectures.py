"""Every architecture against a NumPy forward pass of a random network, and what must not change a result.

Random weights are what mean-field theory is about: there propagation is right to a few percent.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.analysis.presets.propagation import Propagation, propagate
from support.forward import Floats, rms, run
from support.networks import HEADS, HIDDEN, KEY_LENGTH, KINDS, KV_HEADS, LAYERS, Sample, sample

WriteGguf = Callable[..., Path]
KEYS, SEQUENCES = 64, 192


def propagated(write_gguf: WriteGguf, model: Sample, **options: Any) -> Propagation:
    with gs.open(write_gguf(**model.file())) as opened:
        return propagate(opened, keys=KEYS, **({"queries": 480} | options))


def last(x: Floats) -> Floats:
    """Of the last position, which sees as many keys as were propagated."""
    return x[..., -1, :]


def measured(model: Sample) -> list[dict[str, Any]]:
    tokens = np.random.default_rng(1).choice(model.ordinary, (SEQUENCES, KEYS))
    return run(model.network, tokens)


@pytest.mark.parametrize("name", KINDS)
def test_against_a_forward_pass(write_gguf: WriteGguf, name: str) -> None:
    """Stds and rms within 8 % (layer 0) and 15 % (layer 1, behind one layer's deviations), shares within 0.03."""
    model = sample(name)
    found = propagated(write_gguf, model)
    assert found.layers.tolist() == list(range(LAYERS))
    for layer, seen in enumerate(measured(model)):
        near = 0.08 if layer == 0 else 0.15
        for role, std in found.preactivation_std.items():
            if std is not None:
                assert std[layer] == pytest.approx(last(seen[role]).std(), rel=near / 2), role
        hidden = last(seen["hidden"])
        assert found.ffn_mean is not None
        assert found.ffn_mean[layer] == pytest.approx(hidden.mean(), abs=0.05 * hidden.std())
        for scores, expected in (
            (found.ffn_std, hidden.std()),
            (found.attention_output_rms, rms(last(seen["attention"]))),
            (found.ffn_output_rms, rms(last(seen["ffn"]))),
            (found.residual_rms, rms(last(seen["residual"]))),
        ):
            assert scores is not None
            assert scores[layer] == pytest.approx(expected, rel=near)
        assert found.near_zero_share is not None
        assert found.near_zero_share[layer] == pytest.approx(np.mean(np.abs(hidden) < 0.1 * rms(hidden)), abs=0.02)
        n_keys = min(KEYS, model.network.window(layer) or KEYS)
        entropy = seen["entropy"][:, :, -1].mean(axis=0) / np.log(n_keys)
        assert found.head_entropy is not None
        np.testing.assert_allclose(found.head_entropy[layer], entropy, atol=0.06)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_about_each(write_gguf: WriteGguf, name: str) -> None:
    kind = KINDS[name]
    found = propagated(write_gguf, sample(name), queries=1)
    gated = kind.gate or bool(kind.experts)
    assert [limit.score for limit in found.applicability] == ([] if gated else ["preactivation_std.gate"])
    assert (found.preactivation_std["gate"] is not None) == gated
    assert (found.expert_spread is not None) == bool(kind.experts)
    assert any("scores of experts" in sentence for sentence in found.assumptions) == bool(kind.experts)


def test_the_ratio_is_that_of_the_outputs(write_gguf: WriteGguf) -> None:
    found = propagated(write_gguf, sample("llama"))
    assert found.ffn_output_rms is not None
    assert found.attention_output_rms is not None
    np.testing.assert_array_equal(found.ffn_attention_ratio, found.ffn_output_rms / found.attention_output_rms)


def test_the_baseline_is_the_product_of_norms(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    found = propagated(write_gguf, model)
    assert found.baseline is not None
    for layer in range(LAYERS):
        tensors = {role: model.network.get(layer, role) for role in ("attn_q", "attn_k", "attn_norm")}
        q, k = (tensors[role] * tensors["attn_norm"] for role in ("attn_q", "attn_k"))  # type: ignore[operator]
        for head in range(HEADS):
            kv = head // (HEADS // KV_HEADS)
            rows = [part[i * KEY_LENGTH : (i + 1) * KEY_LENGTH] for part, i in ((q, head), (k, kv))]
            expected = -np.linalg.norm(rows[0]) * np.linalg.norm(rows[1])
            assert found.baseline[layer, head] == pytest.approx(expected, rel=1e-9)


def compare(found: Propagation, other: Propagation, *names: str, rtol: float = 1e-5) -> None:
    for name in names:
        np.testing.assert_allclose(getattr(found, name), getattr(other, name), rtol=rtol, err_msg=name)


OUTPUTS = ("ffn_output_rms", "attention_output_rms", "ffn_attention_ratio", "residual_rms", "head_entropy")
HIDDEN_SCORES = ("ffn_mean", "ffn_std", "near_zero_share")


def test_a_gauge_changes_no_output(write_gguf: WriteGguf) -> None:
    """Scaling q against k, v against the output projection, or a gain against what reads it is no change at all."""
    model = sample("llama")
    before = propagated(write_gguf, model)
    for layer in range(LAYERS):
        scale(model.tensors, {f"blk.{layer}.attn_q.weight": 4, f"blk.{layer}.attn_k.weight": 1 / 4})
        scale(model.tensors, {f"blk.{layer}.attn_v.weight": 8, f"blk.{layer}.attn_output.weight": 1 / 8})
        scale(model.tensors, {f"blk.{layer}.ffn_up.weight": 2, f"blk.{layer}.ffn_down.weight": 1 / 2})
        readers = {f"blk.{layer}.{role}.weight": 1 / 2 for role in ("ffn_gate", "ffn_up")}
        scale(model.tensors, {f"blk.{layer}.ffn_norm.weight": 2} | readers)
    after = propagated(write_gguf, model)
    compare(before, after, *OUTPUTS, "baseline", "near_zero_share")
    for role, factor in {"q": 4, "k": 1 / 4, "v": 8, "gate": 1, "up": 2}.items():
        std, scaled = before.preactivation_std[role], after.preactivation_std[role]
        assert std is not None
        assert scaled is not None
        np.testing.assert_allclose(scaled, factor * std, rtol=1e-5)


def scale(tensors: dict[str, npt.NDArray[np.float32]], factors: dict[str, float]) -> None:
    for name, factor in factors.items():
        tensors[name] = tensors[name] * np.float32(factor)


def test_heads_and_neurons_may_change_places(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    before = propagated(write_gguf, model)
    groups, neurons = np.array([1, 0]), np.random.default_rng(5).permutation(HIDDEN)
    for layer in range(LAYERS):
        for role, n in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            name = f"blk.{layer}.attn_{role}.weight"
            model.tensors[name] = swap_groups(model.tensors[name], groups, n)
        output = f"blk.{layer}.attn_output.weight"
        model.tensors[output] = np.ascontiguousarray(swap_groups(model.tensors[output].T, groups, HEADS).T)
        for role in ("gate", "up"):
            model.tensors[f"blk.{layer}.ffn_{role}.weight"] = model.tensors[f"blk.{layer}.ffn_{role}.weight"][neurons]
        down = f"blk.{layer}.ffn_down.weight"
        model.tensors[down] = np.ascontiguousarray(model.tensors[down][:, neurons])
    after = propagated(write_gguf, model)
    order = [2, 3, 0, 1]
    assert before.head_entropy is not None
    assert before.baseline is not None
    np.testing.assert_allclose(after.head_entropy, before.head_entropy[:, order], rtol=1e-6)
    np.testing.assert_allclose(after.baseline, before.baseline[:, order], rtol=1e-9)
    compare(before, after, *OUTPUTS[:-1], *HIDDEN_SCORES, rtol=1e-6)


def swap_groups(rows: npt.NDArray[np.float32], groups: npt.NDArray[np.int64], n_heads: int) -> npt.NDArray[np.float32]:
    """Groups of heads that share keys in another order; `rows` are those of `n_heads` heads."""
    per_group = rows.reshape(KV_HEADS, n_heads // KV_HEADS, KEY_LENGTH, -1)
    return per_group[groups].reshape(rows.shape)


def test_the_result_depends_on_the_seed_alone(write_gguf: WriteGguf) -> None:
    model = sample("qwen3")
    options: dict[str, Any] = {"queries": 12}
    first = propagated(write_gguf, model, threads=1, **options)
    compare(first, propagated(write_gguf, model, threads=3, **options), *OUTPUTS, *HIDDEN_SCORES, rtol=1e-12)
    other = propagated(write_gguf, model, seed=1, **options)
    assert first.head_entropy is not None
    assert other.head_entropy is not None
    assert not np.array_equal(first.head_entropy, other.head_entropy)
    np.testing.assert_array_equal(first.baseline, other.baseline)


def test_quantized_weights_are_as_good(write_gguf: WriteGguf) -> None:
    """Q8_0 changes no score by more than a percent."""
    model = sample("llama")
    exact = propagated(write_gguf, model)
    quantized: dict[str, Any] = dict(model.tensors)
    for name, tensor in model.tensors.items():
        if tensor.ndim == 2:
            codes = np.abs(tensor.reshape(-1, 32)).max(axis=1, keepdims=True) / 127
            blocks = np.concatenate(
                [
                    codes.astype(np.float16).view(np.uint8),
                    np.rint(tensor.reshape(-1, 32) / codes).astype(np.int8).view(np.uint8),
                ],
                axis=1,
            )
            quantized[name] = (blocks.reshape(tensor.shape[0], -1), "Q8_0")
    with gs.open(write_gguf(quantized, model.metadata, name="quantized.gguf")) as opened:
        found = propagate(opened, keys=KEYS, queries=480)
    compare(exact, found, *OUTPUTS, rtol=0.01)
