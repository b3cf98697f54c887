"""What cannot be propagated is said, score by score, and nothing that a file claims does harm."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.presets.propagation import Propagation, propagate
from ggufscope.analysis.presets.propagation.prediction import SCORES
from support.networks import HEADS, KEY_LENGTH, LAYERS, WIDTH, Sample, sample

WriteGguf = Callable[..., Path]


def propagated(write_gguf: WriteGguf, model: Sample, **changes: Any) -> Propagation:
    with gs.open(write_gguf(**(model.file() | changes))) as opened:
        return propagate(opened, queries=2, keys=16)


def assert_nothing(found: Propagation, reason: str) -> None:
    """No score at all, and the reason for each."""
    assert [limit.score for limit in found.applicability] == list(SCORES)
    assert {limit.reason for limit in found.applicability} == {found.applicability[0].reason}
    assert reason in found.applicability[0].reason
    assert found.layers.size == 0
    scores = [getattr(found, score) for score in SCORES if score != "preactivation_std"]
    assert [*scores, *found.preactivation_std.values(), found.expert_spread] == [None] * (len(scores) + 6)


def assert_stops(found: Propagation, layer: int, reason: str) -> None:
    """Scores of the layers in front of `layer`, and the reason why there are no more."""
    assert found.layers.tolist() == list(range(layer))
    assert found.residual_rms is not None
    assert found.residual_rms.shape == (layer,)
    assert found.head_entropy is not None
    assert found.head_entropy.shape == (layer, HEADS)
    assert {limit.score for limit in found.applicability} == set(SCORES)
    assert f"from layer {layer} of" in found.applicability[0].reason
    assert reason in found.applicability[0].reason


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        ("blk.0.attn_kv_a_mqa.weight", "multi-head latent attention (MLA)"),
        ("blk.1.ssm_in.weight", "a state-space model (SSM)"),
        ("blk.0.time_mix_key.weight", "linear attention (RWKV)"),
        ("blk.0.shortconv.in_proj.weight", "short convolutions"),
    ],
)
def test_structures_without_formulas(write_gguf: WriteGguf, tensor: str, reason: str) -> None:
    model = sample("llama")
    model.tensors[tensor] = np.ones((4, WIDTH), np.float32)
    assert_nothing(propagated(write_gguf, model), f"{tensor} belongs to {reason}")


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        ("never-heard-of", "ggufscope does not know the architecture 'never-heard-of': its activation"),
        (None, "the file names no architecture"),
    ],
)
def test_unknown_architectures(write_gguf: WriteGguf, architecture: str | None, reason: str) -> None:
    assert_nothing(propagated(write_gguf, sample("llama"), architecture=architecture), reason)


def test_files_that_are_no_language_models(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    assert_nothing(propagated(write_gguf, model, metadata={"general.type": "mmproj"}), "general.type is 'mmproj'")
    assert_nothing(propagated(write_gguf, model, tensors={"a": np.ones(3, np.float32)}), "there is no token_embd")
    assert_nothing(propagated(write_gguf, model, tensors={}), "there is no token_embd")
    vector = {"token_embd.weight": np.ones(WIDTH, np.float32)}
    assert_nothing(propagated(write_gguf, model, tensors=vector), "token_embd.weight is no matrix")


@pytest.mark.parametrize(
    ("tensor", "value", "reason"),
    [
        ("attn_q.weight", None, "there is no blk.1.attn_q"),
        ("attn_norm.weight", None, "there is no blk.1.attn_norm"),
        ("ffn_norm.weight", None, "there is no blk.1.ffn_norm"),
        ("ffn_down.weight", None, "there is no blk.1.ffn_down"),
        ("attn_k.weight", np.ones((3, WIDTH), np.float32), "blk.1.attn_k.weight is 3 × 128, not 64 × 128"),
        ("ffn_up.weight", np.ones((5, WIDTH), np.float32), "blk.1.ffn_up.weight is 5 × 128, not 192 × 128"),
        ("ffn_down.weight", np.ones((WIDTH, 0), np.float32), "blk.1.ffn_down.weight is 128 × 0"),
        ("ffn_norm.weight", np.ones(5, np.float32), "blk.1.ffn_norm.weight has 5 elements, not 128"),
        ("attn_q_norm.weight", np.ones(5, np.float32), "blk.1.attn_q_norm.weight has 5 elements, not 32"),
        (
            "ffn_up_shexp.weight",
            np.ones((8, WIDTH), np.float32),
            "blk.1.ffn_up_shexp.weight belongs to a shared expert",
        ),
        ("attn_q.weight", np.full((WIDTH, WIDTH), np.nan, np.float32), "not finite"),
        ("attn_v.weight", np.full((KEY_LENGTH * 2, WIDTH), np.inf, np.float32), "not finite"),
        ("attn_q_norm.weight", np.full(KEY_LENGTH, np.inf, np.float32), "not finite"),
        ("attn_q.bias", np.full(WIDTH, np.inf, np.float32), "not finite"),
        ("attn_k.bias", np.full(KEY_LENGTH * 2, np.nan, np.float32), "not finite"),
        ("ffn_gate.weight", np.full((192, WIDTH), 3e38, np.float32), None),
        ("attn_q.weight", np.full((WIDTH, WIDTH), 3e38, np.float32), None),
        ("attn_q.weight", np.zeros((WIDTH, WIDTH), np.float32), None),
    ],
)
def test_damaged_layers(write_gguf: WriteGguf, tensor: str, value: Any, reason: str | None) -> None:
    """Numbers that are merely absurd give numbers; float64 has room for their squares."""
    model = sample("llama")
    model.tensors.pop(f"blk.1.{tensor}", None)
    if value is not None:
        model.tensors[f"blk.1.{tensor}"] = value
    found = propagated(write_gguf, model)
    if reason is not None:
        assert_stops(found, 1, reason)
    else:
        assert found.layers.tolist() == [0, 1]
        assert np.isfinite(found.residual_rms).all()  # type: ignore[arg-type]


def test_the_first_layer_is_damaged(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    del model.tensors["blk.0.attn_v.weight"]
    assert_nothing(propagated(write_gguf, model), "there is no blk.0.attn_v")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("block_count", None, "the metadata have no usable llama.block_count"),
        ("block_count", 0, "llama.block_count"),
        ("block_count", "many", "llama.block_count"),
        ("attention.head_count", None, "llama.attention.head_count"),
        ("attention.head_count", 1 << 31, "llama.attention.head_count"),
        ("attention.head_count", 1 << 20, "layer 0 claims 1048576 heads"),
        ("attention.key_length", 4096, "layer 0 claims 4 heads of 4096 components"),
        ("attention.head_count", 7, "layer 0: 7 query heads, 2 key heads and a width of 128 do not fit"),
        ("attention.head_count_kv", 3, "layer 0: 4 query heads, 3 key heads"),
        ("attention.layer_norm_rms_epsilon", None, "llama.attention.layer_norm_rms_epsilon"),
        ("attention.layer_norm_rms_epsilon", float("nan"), "llama.attention.layer_norm_rms_epsilon"),
        ("attention.key_length", 64, "blk.0.attn_q.weight is 128 × 128, not 256 × 128"),
        ("rope.dimension_count", 33, "RoPE over 33 of 32 components"),
        ("rope.dimension_count", 7, "RoPE over 7 of 32 components"),
    ],
)
def test_damaged_metadata(write_gguf: WriteGguf, key: str, value: Any, reason: str) -> None:
    model = sample("llama")
    model.metadata.pop(f"llama.{key}", None)
    if value is not None:
        model.metadata[f"llama.{key}"] = value
    assert_nothing(propagated(write_gguf, model), reason)


def test_a_block_count_beyond_reason(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    model.metadata["llama.block_count"] = 1 << 24
    assert_stops(propagated(write_gguf, model), LAYERS, "there is no blk.2.")
    model.metadata["llama.block_count"] = 1 << 31
    assert_nothing(propagated(write_gguf, model), "llama.block_count")


def test_layers_beyond_the_block_count_do_not_count(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    model.metadata["llama.block_count"] = 1
    found = propagated(write_gguf, model)
    assert found.layers.tolist() == [0]
    assert found.applicability == ()


def test_rope_factors_that_do_not_fit(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    model.tensors["rope_freqs.weight"] = np.ones(5, np.float32)
    assert_nothing(propagated(write_gguf, model), "RoPE turns 16 pairs of components, and has factors for 5")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"llama.expert_count": None}, "llama.expert_count"),
        ({"llama.expert_used_count": None}, "llama.expert_used_count"),
        ({"llama.expert_used_count": 5}, "5 of 4 experts at a time"),
        ({"llama.expert_count": 5000}, "blk.0 claims 5000 experts"),
        ({"llama.expert_count": 3}, "is 4 × 192 × 128, not 3 × 192 × 128"),
    ],
)
def test_damaged_mixtures(write_gguf: WriteGguf, changes: dict[str, Any], reason: str) -> None:
    model = sample("mixtral")
    kept = {key: value for key, value in (model.metadata | changes).items() if value is not None}
    assert_nothing(propagated(write_gguf, model, metadata=kept), reason)


def test_an_expert_is_missing(write_gguf: WriteGguf) -> None:
    model = sample("mixtral-2023")
    del model.tensors["blk.0.ffn_up.2.weight"]
    assert_nothing(propagated(write_gguf, model), "blk.0.ffn_up_exps is not complete: 3 of 4 experts")


def test_token_types(write_gguf: WriteGguf) -> None:
    """Without them every row counts, and the result says so; types that leave nothing are an error of the file."""
    model = sample("llama")
    key = "tokenizer.ggml.token_type"
    without = {name: value for name, value in model.metadata.items() if name != key}
    for metadata in (without, model.metadata | {key: [1, 2, 3]}):
        found = propagated(write_gguf, model, metadata=metadata)
        assert found.assumptions == (f"every row of token_embd counts: {key} does not say which are control tokens",)
    types = [3] * len(model.metadata[key])
    assert_nothing(propagated(write_gguf, model, metadata=model.metadata | {key: types}), f"{key} leaves no token")


def test_heads_may_differ_in_number(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    lengths = {f"llama.attention.{role}_length": KEY_LENGTH for role in ("key", "value")}
    counts = {"llama.attention.head_count": [4, 2], "llama.attention.head_count_kv": [2, 2]}
    model.metadata.update(lengths | counts)
    model.tensors["blk.1.attn_q.weight"] = model.tensors["blk.1.attn_q.weight"][:64]
    model.tensors["blk.1.attn_output.weight"] = np.ascontiguousarray(model.tensors["blk.1.attn_output.weight"][:, :64])
    found = propagated(write_gguf, model)
    assert found.head_entropy is not None
    np.testing.assert_array_equal(np.isnan(found.head_entropy), [[False] * 4, [False, False, True, True]])


def test_attention_that_adds_nothing_has_no_ratio(write_gguf: WriteGguf) -> None:
    model = sample("llama")
    model.tensors["blk.1.attn_output.weight"] *= 0
    found = propagated(write_gguf, model)
    assert found.ffn_attention_ratio is not None
    np.testing.assert_array_equal(np.isnan(found.ffn_attention_ratio), [False, True])
    assert [limit.score for limit in found.applicability] == ["ffn_attention_ratio"]


@pytest.mark.parametrize("role", ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"])
def test_no_warning_reaches_the_caller(write_gguf: WriteGguf, role: str) -> None:
    model = sample("llama")
    model.tensors[f"blk.1.{role}.weight"][0, 0] = np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_stops(propagated(write_gguf, model), 1, "not finite")
