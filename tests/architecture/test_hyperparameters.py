"""What metadata say about heads, scores and RoPE, and the tensors that change a map."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.analysis.presets.propagation import propagate
from ggufscope.architecture.families import FAMILIES
from ggufscope.architecture.heads import HeadShape
from ggufscope.architecture.heads import head_shape as read_head_shape
from ggufscope.architecture.hyperparameters import Hyperparameters
from ggufscope.architecture.limits import NotApplicableError
from ggufscope.architecture.rotation import Rotation, Yarn, phases
from support.gguf_writer import (
    ARRAY,
    BOOL,
    INT8,
    INT32,
    INT64,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    Array,
    Gguf,
    Key,
)
from support.networks import HEADS, KEY_LENGTH, LAYERS, WIDTH, sample

WriteGguf = Callable[..., Path]


@pytest.fixture
def head_shape(write_gguf: WriteGguf) -> Callable[..., HeadShape]:
    """A function that gives the heads of a layer for some metadata of an architecture."""

    def read(architecture: str, layer: int = 0, **keys: Any) -> HeadShape:
        own = {"attention.head_count": HEADS} | {key.replace("__", "."): value for key, value in keys.items()}
        metadata = {f"{architecture}.{key}": value for key, value in own.items()}
        with gs.open(write_gguf({}, metadata, architecture=architecture)) as model:
            return read_head_shape(Hyperparameters(model, FAMILIES[architecture], WIDTH), layer)

    return read


HeadShapes = Callable[..., HeadShape]


def test_defaults(head_shape: HeadShapes) -> None:
    shape = head_shape("llama")
    assert (shape.n_heads, shape.n_kv_heads, shape.key_length, shape.value_length) == (4, 4, 32, 32)
    assert shape.scale == pytest.approx(32**-0.5)
    assert (shape.soft_cap, shape.window) == (0.0, None)
    assert shape.rotation == Rotation("norm", 32, 1e4)
    assert head_shape("gpt2").rotation is None


def test_lengths_of_their_own(head_shape: HeadShapes) -> None:
    shape = head_shape("qwen3", attention__key_length=64, attention__value_length=16, attention__head_count_kv=[1, 2])
    assert (shape.n_kv_heads, shape.key_length, shape.value_length) == (1, 64, 16)
    assert shape.rotation == Rotation("neox", 64, 1e4)
    with pytest.raises(NotApplicableError, match=r"no usable qwen3\.attention\.head_count"):
        head_shape("qwen3", attention__head_count="many")


@pytest.mark.parametrize("key", ["head_count", "head_count_kv", "key_length", "sliding_window_pattern"])
def test_an_array_that_ends_before_the_layer_is_not_guessed_on(head_shape: HeadShapes, key: str) -> None:
    with pytest.raises(NotApplicableError, match=rf"gemma2\.attention\.{key} has 2 values, and none for layer 7"):
        head_shape("gemma2", layer=7, **{f"attention__{key}": [4, 4]})


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int32, np.uint64, np.int64, bool])
def test_windows_by_layer_in_any_type(write_gguf: WriteGguf, kind: Any) -> None:
    codes = {np.uint8: UINT8, np.int8: INT8, np.uint16: UINT16, np.int32: INT32, np.uint64: UINT64, np.int64: INT64}
    pattern = Array(codes.get(kind, BOOL), [1, 0, 0, 1])
    keys = [Key("general.architecture", STRING, "gemma2"), Key("gemma2.attention.head_count", UINT32, HEADS)]
    keys.append(Key("gemma2.attention.sliding_window_pattern", ARRAY, pattern))
    path = write_gguf({}, {})
    path.write_bytes(Gguf(keys=keys).build())
    with gs.open(path) as model:
        numbers = Hyperparameters(model, FAMILIES["gemma2"], WIDTH)
        windows = [read_head_shape(numbers, layer).window for layer in range(4)]
    assert windows == [4096, None, None, 4096]


def test_scales_of_scores(head_shape: HeadShapes) -> None:
    assert head_shape("granite", attention__scale=0.25).scale == 0.25
    assert head_shape("gemma2", block_count=26).scale == pytest.approx(32**-0.5)
    wide = head_shape("gemma2", block_count=46, attention__key_length=64, attention__value_length=64)
    assert wide.scale == pytest.approx((WIDTH / HEADS) ** -0.5)
    assert (
        head_shape("gemma3", block_count=62, attention__key_length=64, attention__value_length=64).scale == wide.scale
    )


def test_soft_caps(head_shape: HeadShapes) -> None:
    assert head_shape("gemma2").soft_cap == 50
    assert head_shape("gemma2", attn_logit_softcapping=30.0).soft_cap == 30


@pytest.mark.parametrize("name", ["gemma2", "gemma3n", "gemma4"])
def test_the_cap_of_the_next_tokens_scores_is_that_of_the_file(name: str, write_gguf: WriteGguf) -> None:
    for metadata, cap in (({}, 30), ({f"{name}.final_logit_softcapping": 20.0}, 20)):
        with gs.open(write_gguf({}, metadata, architecture=name)) as model:
            assert Hyperparameters(model, FAMILIES[name], WIDTH).logit_soft_cap == cap


def test_windows_and_their_frequencies(head_shape: HeadShapes) -> None:
    keys: dict[str, Any] = {"attention__sliding_window": 512, "rope__freq_base": 1e6}
    scaling: dict[str, Any] = {"rope__scaling__type": "linear", "rope__scaling__factor": 8.0}
    local, whole = (head_shape("gemma3", layer, **keys, **scaling) for layer in (4, 5))
    assert (local.window, whole.window) == (512, None)
    assert local.rotation == Rotation("neox", 32, 1e4)
    assert whole.rotation == Rotation("neox", 32, 1e6, scale=1 / 8)
    assert [head_shape("gemma2", layer, **keys).window for layer in range(4)] == [512, None, 512, None]
    assert head_shape("llama", **keys).window is None


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"rope__scaling__factor": 4.0}, Rotation("neox", 32, 1e4, scale=1 / 4)),
        ({"rope__scale_linear": 2.0}, Rotation("neox", 32, 1e4, scale=1 / 2)),
        ({"rope__scaling__factor": 4.0, "rope__scaling__type": "none"}, Rotation("neox", 32, 1e4)),
        ({"rope__scaling__type": "yarn"}, Rotation("neox", 32, 1e4)),
        ({"rope__scaling__attn_factor": 1.25}, Rotation("neox", 32, 1e4, magnitude=1.25)),
        (
            {
                "rope__scaling__factor": 4.0,
                "rope__scaling__type": "yarn",
                "rope__scaling__original_context_length": 2048,
            },
            Rotation("neox", 32, 1e4, scale=1 / 4, yarn=Yarn(2048)),
        ),
    ],
)
def test_stretched_positions(head_shape: HeadShapes, keys: dict[str, Any], expected: Rotation) -> None:
    assert head_shape("qwen2", **keys).rotation == expected


def test_factors_for_long_and_short_texts(write_gguf: WriteGguf) -> None:
    """Phi 3: which ones count depends on the number of keys."""
    model = sample("phi3")
    model.metadata["phi3.rope.scaling.original_context_length"] = 32
    model.tensors["rope_factors_short.weight"] = np.ones(KEY_LENGTH // 2, np.float32)
    plain = {keys: entropies(write_gguf, model.file(), keys) for keys in (32, 64)}
    model.tensors["rope_factors_long.weight"] = np.full(KEY_LENGTH // 2, 20, np.float32)
    stretched = {keys: entropies(write_gguf, model.file(), keys) for keys in (32, 64)}
    np.testing.assert_array_equal(stretched[32], plain[32])
    assert not np.allclose(stretched[64], plain[64], rtol=1e-3)


@pytest.mark.filterwarnings("error")
def test_frequencies_divided_by_zero_are_refused_without_a_warning() -> None:
    with pytest.raises(NotApplicableError, match="frequencies that are not finite"):
        phases(Rotation("norm", KEY_LENGTH, 1e4), 4, np.zeros(KEY_LENGTH // 2))


def entropies(write_gguf: WriteGguf, file: dict[str, Any], keys: int) -> Any:
    with gs.open(write_gguf(**file)) as model:
        found = propagate(model, keys=keys)
    assert found.head_entropy is not None
    return found.head_entropy


def test_scale_tensors(write_gguf: WriteGguf) -> None:
    """NVFP4 files keep a factor of each matrix in a tensor of its own."""
    for name in ("llama", "mixtral"):
        model = sample(name)
        with gs.open(write_gguf(**model.file())) as opened:
            expected = propagate(opened, queries=1, keys=8)
        for layer in range(LAYERS):
            for role in ("attn_q", "attn_k", "attn_v", "attn_output", *feed_forward_roles(name)):
                weight = model.tensors[f"blk.{layer}.{role}.weight"]
                factors = np.linspace(2, 4, weight.shape[0] if weight.ndim == 3 else 1, dtype=np.float32)
                model.tensors[f"blk.{layer}.{role}.weight"] = weight / factors.reshape(-1, *[1] * (weight.ndim - 1))
                model.tensors[f"blk.{layer}.{role}.scale"] = factors
        with gs.open(write_gguf(**model.file())) as opened:
            found = propagate(opened, queries=1, keys=8)
        np.testing.assert_allclose(found.residual_rms, expected.residual_rms, rtol=1e-5)
        np.testing.assert_allclose(found.head_entropy, expected.head_entropy, rtol=1e-5)


def feed_forward_roles(name: str) -> list[str]:
    return [f"ffn_{role}{'_exps' if name == 'mixtral' else ''}" for role in ("gate", "up", "down")]


def test_yarn_that_divides_by_zero() -> None:
    scale = math.exp(-5.0)
    multiplier = -1 / (0.1 * math.log(1 / scale))
    assert 1 + multiplier * (0.1 * math.log(1 / scale)) == 0
    with pytest.raises(NotApplicableError, match=r"YaRN with a multiplier of -2 divides by 0"):
        phases(Rotation("norm", 8, 1e4, scale, 1.0, Yarn(4096, log_multiplier=multiplier)), 4, None)
