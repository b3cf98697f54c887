"""Architectures with short convolutions or the gated delta rule, and blocks that predict tokens behind the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from support.architectures.experts import EXPERTS, experts, merged, shared
from support.architectures.latent import BIASES_OF_CHOICE, DEEPSEEK2, EXPERT_METADATA, EXPERT_NEURONS, PRE_NORMS
from support.architectures.specimen import (
    HEADS,
    TIED,
    WIDTH,
    WINDOW,
    Shape,
    Specimen,
    attention,
    gated,
    head_norms,
    norms,
)

SHARED_NEURONS = 40

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


LFM2 = {
    "lfm2": lfm2(),
    "lfm2 window": lfm2(**{"attention.sliding_window": WINDOW}),
    "lfm2moe": lfm2(
        "lfm2moe",
        {**experts(EXPERT_NEURONS), "exp_probs_b.bias": (EXPERTS,)},
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
QWEN3NEXT_EXPERTS = {
    **experts(EXPERT_NEURONS),
    **shared(SHARED_NEURONS),
    "ffn_gate_inp_shexp.weight": (WIDTH,),
}


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

MIXERS = {**LFM2, **DELTA_RULE, **NEXT_TOKENS}
