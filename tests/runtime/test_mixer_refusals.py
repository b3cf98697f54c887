"""What a file says about mixers, own inputs and streams is refused by name where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.runtime.engines.streamed import open_engine
from support.architectures import SPECIMENS

WriteGguf = Callable[..., Path]
HUGE = 1 << 23

METADATA = [
    ("deepseek2", {"attention.kv_lora_rank": None}, "the metadata have no usable deepseek2.attention.kv_lora_rank"),
    ("deepseek2", {"attention.kv_lora_rank": 7}, "blk.0.attn_kv_a_norm.weight has 32 elements, not 7"),
    ("deepseek2", {"rope.dimension_count": None}, "no usable deepseek2.rope.dimension_count"),
    ("deepseek2", {"rope.dimension_count": 24}, "RoPE over 24 of 24 components of a head"),
    ("deepseek2", {"rope.dimension_count": 7}, "RoPE over 7 of 24 components of a head"),
    ("deepseek2", {"attention.head_count": HUGE}, f"layer 0 claims {HUGE} heads"),
    ("deepseek2", {"attention.value_length_mla": 11}, "blk.0.attn_v_b.weight is 4 × 12 × 32, not 4 × 11 × 32"),
    ("mistral4", {"attention.temperature_length": None}, "no usable mistral4.attention.temperature_length"),
    ("qwen35", {"ssm.group_count": 0}, "no usable qwen35.ssm.group_count"),
    (
        "qwen35",
        {"ssm.group_count": 3},
        "3 key heads and 4 value heads of 16 components do not make an inner size of 64",
    ),
    ("qwen35", {"ssm.time_step_rank": HUGE}, f"layer 0 claims {HUGE} heads of 16 components"),
    ("qwen35", {"ssm.inner_size": None}, "no usable qwen35.ssm.inner_size"),
    ("qwen35", {"rope.dimension_sections": [1, 1, 1, 1]}, "leave some of 4 pairs without a position"),
    ("qwen35", {"rope.dimension_sections": [4]}, "leave some of 4 pairs without a position"),
    ("qwen35", {"attention.causal": False}, "the convolution of blk.0 would go both ways"),
    ("lfm2", {"attention.causal": False}, "the convolution of blk.0 would go both ways"),
    ("gemma3n", {"altup.num_inputs": None}, "no usable gemma3n.altup.num_inputs"),
    ("gemma3n", {"altup.num_inputs": HUGE}, f"altup.num_inputs says {HUGE} streams"),
    ("gemma3n", {"altup.active_idx": 1}, "altup.active_idx says that another stream than the first is active"),
    (
        "gemma3n",
        {"attention.shared_kv_layers": 3},
        "says that layer 22 is the first to read the keys of others, not 20",
    ),
    ("gemma4", {"attention.shared_kv_layers": 6}, "there is no layer whose keys blk.1 could read"),
    ("gemma4", {"attention.shared_kv_layers": HUGE}, "there is no layer whose keys blk.0 could read"),
    ("gemma4", {"attention.shared_kv_layers": 3}, "blk.4 would read the keys of blk.3, which has other heads"),
]

TENSORS: list[tuple[str, str, Any, str]] = [
    ("lfm2", "blk.0.shortconv.conv.weight", np.ones((64, 65)), "is 64 × 65, not a few taps for each of 64 channels"),
    ("lfm2", "blk.0.shortconv.conv.weight", np.full((64, 3), np.nan), "has a weight that is not finite"),
    ("lfm2", "blk.0.shortconv.out_proj.weight", None, "there is no blk.0.shortconv.out_proj"),
    ("lfm2", "blk.0.attn_q.weight", np.ones((64, 64)), "ggufscope does not know what blk.0.attn_q.weight is for"),
    ("qwen35", "blk.0.ssm_a", None, "there is no blk.0.ssm_a"),
    ("qwen35", "blk.0.ssm_a", np.full(4, np.inf), "blk.0.ssm_a has a weight that is not finite"),
    ("qwen35", "blk.0.ssm_norm.weight", None, "there is no blk.0.ssm_norm"),
    ("qwen35", "blk.0.ssm_norm.weight", np.full(16, np.nan), "blk.0.ssm_norm.weight has a weight that is not finite"),
    ("qwen35", "blk.0.attn_gate.weight", None, "there is no blk.0.attn_gate"),
    ("qwen35", "blk.0.ssm_conv1d.weight", np.ones((128, 1)), "not a few taps for each of 128 channels"),
    ("deepseek2", "blk.0.attn_q_a_norm.weight", None, "there is no blk.0.attn_q_a_norm"),
    ("deepseek2", "blk.0.attn_v_b.weight", None, "there is no blk.0.attn_v_b"),
    ("deepseek2 joint", "blk.0.attn_kv_b.weight", np.ones((3, 32)), "blk.0.attn_kv_b.weight is 3 × 32, not 112 × 32"),
    ("deepseek2 joint", "blk.0.attn_kv_b.bias", np.ones(112), "values of blk.0 have a bias behind the latent vector"),
    ("gemma4", "per_layer_proj_norm.weight", None, "there is no per_layer_proj_norm"),
    ("gemma4", "per_layer_token_embd.weight", np.ones((200, 113)), "has 113 columns for 7 layers"),
    ("gemma4", "per_layer_token_embd.weight", None, "there is no per_layer_token_embd"),
    ("gemma4", "blk.0.layer_output_scale.weight", np.array([np.nan]), "has a weight that is not finite"),
    ("gemma4", "blk.0.proj.weight", None, "there is no blk.0.proj"),
    ("gemma4 experts", "blk.1.ffn_gate_inp.scale", np.ones(3), "blk.1.ffn_gate_inp.scale has 3 elements, not 64"),
    ("gemma4 experts", "blk.1.pre_ffw_norm_2.weight", None, "there is no blk.1.pre_ffw_norm_2"),
    ("gemma3n", "altup_unembd_proj.weight", None, "there is no altup_unembd_proj"),
    ("gemma3n", "blk.0.altup_correct_scale.weight", None, "there is no blk.0.altup_correct_scale"),
    ("gemma3n", "blk.0.laurel_r.weight", None, "there is no blk.0.laurel_r"),
]


def refused(path: Path, reason: str) -> None:
    with gs.open(path) as model, pytest.raises(gs.TraceError) as error:
        open_engine(model, 1)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("name", "changes", "reason"), METADATA)
def test_metadata_that_cannot_be(name: str, changes: dict[str, Any], reason: str, write_gguf: WriteGguf) -> None:
    file = SPECIMENS[name].file()
    own = {f"{file['architecture']}.{key}": value for key, value in changes.items()}
    file["metadata"] = {key: value for key, value in (file["metadata"] | own).items() if value is not None}
    refused(write_gguf(**file), reason)


@pytest.mark.parametrize(("name", "tensor", "values", "reason"), TENSORS)
def test_tensors_that_do_not_fit(name: str, tensor: str, values: Any, reason: str, write_gguf: WriteGguf) -> None:
    file = SPECIMENS[name].file()
    if values is None:
        del file["tensors"][tensor]
    else:
        file["tensors"][tensor] = np.asarray(values, np.float32)
    refused(write_gguf(**file), reason)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("gemma4", "per_layer_token_embd.weight"),
        ("gemma4", "per_layer_model_proj.weight"),
        ("gemma3n", "altup_proj.weight"),
        ("gemma3n", "altup_unembd_proj.weight"),
        ("gemma3n", "blk.1.altup_predict_coef.weight"),
        ("deepseek2", "blk.0.attn_k_b.weight"),
        ("qwen3next of old", "blk.0.ssm_in.weight"),
    ],
)
def test_weights_that_are_not_finite_are_named(name: str, tensor: str, write_gguf: WriteGguf) -> None:
    file = SPECIMENS[name].file()
    file["tensors"][tensor].reshape(-1)[0] = np.nan
    with (
        gs.open(write_gguf(**file)) as model,
        open_engine(model, 1) as engine,
        pytest.raises(gs.TraceError, match=tensor.replace(".", "[.]") + " has a weight that is not finite"),
    ):
        engine.prefill([np.arange(4, dtype=np.int32)], None, room=0, progress=None)
