"""Architectures in which something else than plain attention passes between tokens, in all layers or in some."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from support.architectures.specimen import (
    HEADS,
    WIDTH,
    WINDOW,
    Shape,
    Specimen,
    attention,
    gated,
    head_norms,
    norms,
    plain,
)

PRE_NORMS = norms("attn_norm", "ffn_norm")
TIED: dict[str, None] = {"output.weight": None}
EXPERTS, EXPERT_NEURONS, SHARED_NEURONS = 6, 32, 40

# Multi-head latent attention (DeepSeek 2).
RANK, QUERY_RANK, PLAIN, TURNED, VALUE = 32, 24, 16, 8, 12
YARN = {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 16}
LOW_RANK_QUERIES = {
    "attn_q_a.weight": (QUERY_RANK, WIDTH),
    "attn_q_a_norm.weight": (QUERY_RANK,),
    "attn_q_b.weight": (HEADS * (PLAIN + TURNED), QUERY_RANK),
}
PLAIN_QUERIES = {"attn_q.weight": (HEADS * (PLAIN + TURNED), WIDTH)}
SPLIT = {"attn_k_b.weight": (HEADS, RANK, PLAIN), "attn_v_b.weight": (HEADS, VALUE, RANK)}
JOINT = {"attn_kv_b.weight": (HEADS * (PLAIN + VALUE), RANK)}
SPLIT_METADATA = {
    "attention.head_count_kv": 1,
    "attention.key_length": RANK + TURNED,
    "attention.value_length": RANK,
    "attention.key_length_mla": PLAIN + TURNED,
    "attention.value_length_mla": VALUE,
}
JOINT_METADATA = {
    "attention.head_count_kv": HEADS,
    "attention.key_length": PLAIN + TURNED,
    "attention.value_length": VALUE,
}
SIGMOID = {"expert_gating_func": 2, "expert_weights_norm": True, "expert_weights_scale": 1.5}
EXPERT_METADATA = {"expert_count": EXPERTS, "expert_used_count": 2, "expert_feed_forward_length": EXPERT_NEURONS}
BIASES_OF_CHOICE = {"exp_probs_b.bias": lambda chance, shape: 0.1 * chance.standard_normal(shape)}
GROUPS = {"expert_group_count": 3, "expert_group_used_count": 2}


def experts(shared: int, **more: Shape) -> dict[str, Shape]:
    """Routed experts, and a shared one of so many neurons."""
    return {
        "ffn_gate_inp.weight": (EXPERTS, WIDTH),
        "ffn_gate_exps.weight": (EXPERTS, EXPERT_NEURONS, WIDTH),
        "ffn_up_exps.weight": (EXPERTS, EXPERT_NEURONS, WIDTH),
        "ffn_down_exps.weight": (EXPERTS, WIDTH, EXPERT_NEURONS),
        "ffn_gate_shexp.weight": (shared, WIDTH),
        "ffn_up_shexp.weight": (shared, WIDTH),
        "ffn_down_shexp.weight": (WIDTH, shared),
        **more,
    }


def merged(shapes: dict[str, Shape]) -> dict[str, Shape]:
    """The same with gate and up projection of an expert in one tensor."""
    apart = ("ffn_gate_exps.weight", "ffn_up_exps.weight")
    rest = {name: shape for name, shape in shapes.items() if name not in apart}
    return {**rest, "ffn_gate_up_exps.weight": (EXPERTS, 2 * EXPERT_NEURONS, WIDTH)}


def latent(queries: dict[str, Shape], key_values: dict[str, Shape]) -> dict[str, Shape]:
    """Tensors of latent attention."""
    return {
        **queries,
        **key_values,
        "attn_kv_a_mqa.weight": (RANK + TURNED, WIDTH),
        "attn_kv_a_norm.weight": (RANK,),
        "attn_output.weight": (WIDTH, HEADS * VALUE),
        **PRE_NORMS,
    }


def deepseek2(
    queries: dict[str, Shape],
    key_values: dict[str, Shape],
    layers: int = 3,
    architecture: str = "deepseek2",
    **metadata: Any,
) -> Specimen:
    """Latent attention in every layer; the first is dense, the others have experts."""
    mixture = experts(2 * EXPERT_NEURONS)
    if metadata.get("expert_gating_func") == 2:
        mixture["exp_probs_b.bias"] = (EXPERTS,)
    own = {
        "attention.kv_lora_rank": RANK,
        "attention.q_lora_rank": QUERY_RANK if queries is LOW_RANK_QUERIES else None,
        "rope.dimension_count": TURNED,
        "leading_dense_block_count": 1,
        "expert_shared_count": 2,
        **EXPERT_METADATA,
    }
    return Specimen(
        architecture,
        {},
        {**own, **metadata},
        layers=layers,
        layer_of=lambda layer: {**latent(queries, key_values), **(gated() if layer == 0 else mixture)},
        draw={
            **BIASES_OF_CHOICE,
            "attn_k_b.weight": lambda chance, shape: 1.3 / RANK**0.5 * chance.standard_normal(shape),
        },
    )


MULTIPLIER = {"rope.scaling.yarn_log_multiplier": 0.0707}
DEEPSEEK2 = {
    "deepseek2": deepseek2(LOW_RANK_QUERIES, SPLIT, **SPLIT_METADATA, **SIGMOID, **GROUPS),
    "deepseek2 joint": deepseek2(LOW_RANK_QUERIES, JOINT, **JOINT_METADATA, **SIGMOID),
    # llama.cpp looks for queries of full rank with certain numbers of layers alone.
    "deepseek2 lite": deepseek2(PLAIN_QUERIES, JOINT, 26, **JOINT_METADATA),
    "deepseek2 yarn": deepseek2(LOW_RANK_QUERIES, SPLIT, **SPLIT_METADATA, **SIGMOID, **YARN),
    "deepseek2 yarn with multiplier": deepseek2(
        LOW_RANK_QUERIES, SPLIT, **SPLIT_METADATA, **SIGMOID, **YARN, **MULTIPLIER
    ),
}

TEMPERATURE = {"attention.temperature_scale": 0.3, "attention.temperature_length": 8}
DENSE_LATENT = {
    **JOINT_METADATA,
    "attention.kv_lora_rank": RANK,
    "attention.q_lora_rank": QUERY_RANK,
    "rope.dimension_count": TURNED,
}
DEEPSEEK2_LIKE = {
    "mistral4": deepseek2(
        LOW_RANK_QUERIES,
        SPLIT,
        architecture="mistral4",
        **SPLIT_METADATA,
        **SIGMOID,
        **YARN,
        **MULTIPLIER,
        **TEMPERATURE,
    ),
    "minicpm3": Specimen("minicpm3", {**latent(LOW_RANK_QUERIES, JOINT), **gated()}, DENSE_LATENT),
    "plm": Specimen("plm", {**latent(PLAIN_QUERIES, JOINT), **plain()}, DENSE_LATENT, outside=TIED),
}

# Short convolutions (LFM2).
TAPS = 3
CONVOLUTION = {
    "shortconv.conv.weight": (WIDTH, TAPS),
    "shortconv.in_proj.weight": (3 * WIDTH, WIDTH),
    "shortconv.out_proj.weight": (WIDTH, WIDTH),
}
LFM2_KEY_HEADS = (0, 2, 0, 0, 2)


def lfm2(architecture: str = "lfm2", mixture: dict[str, Shape] | None = None, **metadata: Any) -> Specimen:
    """The first layer is dense, where there are experts."""

    def layer_of(layer: int) -> dict[str, Shape]:
        mixer = {**attention(), **head_norms()} if LFM2_KEY_HEADS[layer] else CONVOLUTION
        return {**mixer, **(mixture if mixture is not None and layer else gated()), **PRE_NORMS}

    own = {"attention.head_count_kv": list(LFM2_KEY_HEADS), "shortconv.l_cache": TAPS, "rope.freq_base": 1e6}
    return Specimen(
        architecture,
        {},
        {**own, **metadata},
        layers=len(LFM2_KEY_HEADS),
        layer_of=layer_of,
        outside={**TIED, "output_norm.weight": None, "token_embd_norm.weight": (WIDTH,)},
        draw={**BIASES_OF_CHOICE, "shortconv.conv.weight": lambda chance, shape: 0.6 * chance.standard_normal(shape)},
    )


ROUTED = {name: shape for name, shape in experts(0).items() if "shexp" not in name}
LFM2 = {
    "lfm2": lfm2(),
    "lfm2 window": lfm2(**{"attention.sliding_window": WINDOW}),
    "lfm2moe": lfm2(
        "lfm2moe",
        {**ROUTED, "exp_probs_b.bias": (EXPERTS,)},
        leading_dense_block_count=1,
        expert_gating_func=2,
        expert_weights_scale=1.5,  # which llama.cpp does not read for this name
        **EXPERT_METADATA,
    ),
}

# The gated delta rule (Qwen3-Next, Qwen3.5), with full attention in every other layer.
STATE, KEY_HEADS, VALUE_HEADS, DELTA_TAPS, LONG = 16, 2, 4, 4, 24
KEYS, VALUES = STATE * KEY_HEADS, STATE * VALUE_HEADS
QWEN_NORMS = norms("attn_norm", "post_attention_norm")
DELTA = {
    "ssm_conv1d.weight": (2 * KEYS + VALUES, DELTA_TAPS),
    "ssm_dt.bias": (VALUE_HEADS,),
    "ssm_a": (VALUE_HEADS,),
    "ssm_norm.weight": (STATE,),
    "ssm_out.weight": (WIDTH, VALUES),
}
APART = {"attn_qkv.weight": (2 * KEYS + VALUES, WIDTH), "attn_gate.weight": (VALUES, WIDTH)}
TOGETHER = {"ssm_in.weight": (2 * (KEYS + VALUES), WIDTH)}
DELTA_METADATA = {
    "attention.key_length": LONG,
    "attention.value_length": LONG,
    "rope.dimension_count": 8,
    "rope.freq_base": 1e6,
    "ssm.conv_kernel": DELTA_TAPS,
    "ssm.inner_size": VALUES,
    "ssm.state_size": STATE,
    "ssm.time_step_rank": VALUE_HEADS,
    "ssm.group_count": KEY_HEADS,
    "full_attention_interval": 2,
}
QWEN3NEXT_METADATA = {
    **EXPERT_METADATA,
    "expert_shared_feed_forward_length": SHARED_NEURONS,
}
QWEN3NEXT_EXPERTS = experts(SHARED_NEURONS, **{"ffn_gate_inp_shexp.weight": (WIDTH,)})


def decays(chance: np.random.Generator, shape: Shape) -> npt.NDArray[Any]:
    """How fast states fade: negative."""
    return -np.exp(0.5 * chance.standard_normal(shape) - 1)


def delta(
    architecture: str, rule: dict[str, Shape], feed_forward: dict[str, Shape], metadata: dict[str, Any]
) -> Specimen:
    """Queries of full attention come with as many rows that gate what attention gives."""
    full = {**attention(length=LONG), **head_norms(LONG), "attn_q.weight": (2 * HEADS * LONG, WIDTH)}
    return Specimen(
        architecture,
        {},
        {**DELTA_METADATA, **metadata},
        layers=4,
        layer_of=lambda layer: {**(full if layer % 2 else {**DELTA, **rule}), **feed_forward, **QWEN_NORMS},
        draw={
            "ssm_a": decays,
            "ssm_dt.bias": lambda chance, shape: 0.5 * chance.standard_normal(shape),
            "ssm_conv1d.weight": lambda chance, shape: 0.5 * chance.standard_normal(shape),
            "ffn_gate_inp_shexp.weight": lambda chance, shape: WIDTH**-0.5 * chance.standard_normal(shape),
        },
    )


QWEN35_RULE = {**APART, "ssm_alpha.weight": (VALUE_HEADS, WIDTH), "ssm_beta.weight": (VALUE_HEADS, WIDTH)}
MIXED_RULE = {"ssm_ba.weight": (2 * VALUE_HEADS, WIDTH)}
SECTIONS = {"rope.dimension_sections": [2, 1, 1, 0]}
DELTA_RULE = {
    "qwen35": delta("qwen35", QWEN35_RULE, gated(), SECTIONS),
    "qwen35moe": delta("qwen35moe", QWEN35_RULE, QWEN3NEXT_EXPERTS, {**SECTIONS, **QWEN3NEXT_METADATA}),
    "qwen3next": delta("qwen3next", {**APART, **MIXED_RULE}, QWEN3NEXT_EXPERTS, QWEN3NEXT_METADATA),
    "qwen3next of old": delta("qwen3next", {**TOGETHER, **MIXED_RULE}, merged(QWEN3NEXT_EXPERTS), QWEN3NEXT_METADATA),
}


def with_next_token_block(specimen: Specimen, like: int) -> Specimen:
    """The same with a block behind the layers that predicts the token after next; it has a layer's tensors, too."""
    more = {"nextn.eh_proj.weight": (WIDTH, 2 * WIDTH), "nextn.enorm.weight": (WIDTH,), "nextn.hnorm.weight": (WIDTH,)}
    layers, layer_of = specimen.layers, specimen.layer_of
    assert layer_of is not None
    return replace(
        specimen,
        layers=layers + 1,
        metadata={**specimen.metadata, "nextn_predict_layers": 1},
        layer_of=lambda layer: layer_of(layer) if layer < layers else {**layer_of(like), **more},
    )


NEXT_TOKENS = {
    "deepseek2 next tokens": with_next_token_block(DEEPSEEK2["deepseek2"], like=1),
    "qwen35 next tokens": with_next_token_block(DELTA_RULE["qwen35"], like=1),
}

MIXERS = {**DEEPSEEK2, **DEEPSEEK2_LIKE, **LFM2, **DELTA_RULE, **NEXT_TOKENS}
