"""Architectures of one FFN a layer, with LayerNorm."""

from __future__ import annotations

from typing import Any

from support.architectures.specimen import (
    CONTEXT,
    EPSILON,
    HEADS,
    KV_HEADS,
    LENGTH,
    TIED,
    VOCABULARY,
    WIDE,
    WIDTH,
    WINDOW,
    Shape,
    Specimen,
    attention,
    fused_attention,
    gated,
    norms,
    plain,
    with_biases,
)

LAYER_NORM: dict[str, Any] = {"attention.layer_norm_epsilon": EPSILON, "attention.layer_norm_rms_epsilon": None}
GELU = {**LAYER_NORM, "feed_forward_length": WIDE}
NORMS = with_biases(norms("attn_norm", "ffn_norm"))
END: dict[str, Shape | None] = {"output_norm.bias": (WIDTH,)}
HEAD_NORMS = {"attn_q_norm.weight": (HEADS, LENGTH), "attn_k_norm.weight": (KV_HEADS, LENGTH)}
FUSED_HEADS = with_biases({**fused_attention(HEADS), **plain(WIDE)})
ALL_HEADS = {"attention.head_count_kv": HEADS}

LAYER_NORMS = {
    "starcoder2": Specimen("starcoder2", {**with_biases({**attention(), **plain(WIDE)}), **NORMS}, GELU, outside=END),
    "gpt2": Specimen(
        "gpt2",
        {**FUSED_HEADS, **NORMS},
        {**GELU, **ALL_HEADS},
        outside={**END, **TIED, "position_embd.weight": (CONTEXT, WIDTH)},
    ),
    "gptneox": Specimen(
        "gptneox",
        {**FUSED_HEADS, **NORMS},
        {**GELU, **ALL_HEADS, "use_parallel_residual": True, "rope.dimension_count": 4},
        outside=END,
    ),
    "gptneox-serial": Specimen(
        "gptneox",
        {**FUSED_HEADS, **NORMS},
        {**GELU, **ALL_HEADS, "use_parallel_residual": False, "rope.dimension_count": 4},
        outside=END,
    ),
    "phi2": Specimen(
        "phi2",
        {**with_biases({**attention(), **plain(WIDE)}), **with_biases(norms("attn_norm"))},
        {**GELU, "rope.dimension_count": 8},
        outside={**END, "output.bias": (VOCABULARY,)},
    ),
    "stablelm": Specimen(
        "stablelm",
        {**with_biases(attention(), "attn_q", "attn_k", "attn_v"), **gated(), **NORMS},
        {**LAYER_NORM, "rope.dimension_count": 4},
        outside=END,
    ),
    "stablelm-12b": Specimen(
        "stablelm",
        {**attention(), **HEAD_NORMS, **gated(), **with_biases(norms("attn_norm"))},
        {**LAYER_NORM, "rope.dimension_count": 4},
        outside=END,
    ),
    "command-r": Specimen(
        "command-r", {**attention(), **gated(), **norms("attn_norm")}, {**LAYER_NORM, "logit_scale": 0.5}, outside=TIED
    ),
    "command-r-plus": Specimen(
        "command-r",
        {**attention(), **HEAD_NORMS, **gated(), **norms("attn_norm")},
        {**LAYER_NORM, "logit_scale": 0.5},
        layers=64,
        outside=TIED,
    ),
    "cohere2": Specimen(
        "cohere2",
        {**attention(), **gated(), **norms("attn_norm")},
        {**LAYER_NORM, "logit_scale": 0.5, "attention.sliding_window": WINDOW},
        layers=4,
        outside=TIED,
    ),
    "nemotron": Specimen(
        "nemotron", {**attention(), **plain(), **NORMS}, {**LAYER_NORM, "rope.dimension_count": 8}, outside=END
    ),
    "olmo": Specimen(
        "olmo",
        {**attention(), **gated()},
        {**LAYER_NORM, "attention.clamp_kqv": 1.5},
        outside={"output_norm.weight": None},
    ),
    "falcon": Specimen(
        "falcon", {**fused_attention(), **plain(WIDE), **with_biases(norms("attn_norm"))}, GELU, outside=END
    ),
    "falcon-40b": Specimen(
        "falcon",
        {**fused_attention(), **plain(WIDE), **with_biases(norms("attn_norm", "attn_norm_2"))},
        GELU,
        outside=END,
    ),
    "mpt": Specimen(
        "mpt",
        {**fused_attention(HEADS), **plain(WIDE), **norms("attn_norm", "ffn_norm")},
        {**GELU, **ALL_HEADS, "attention.max_alibi_bias": 8.0, "attention.clamp_kqv": 1.5},
        outside=TIED,
    ),
    "orion": Specimen("orion", {**attention(), **gated(), **NORMS}, LAYER_NORM, outside=END),
    "starcoder": Specimen(
        "starcoder",
        {**with_biases({**fused_attention(1), **plain(WIDE)}), **NORMS},
        {**GELU, "attention.head_count_kv": 1},
        outside={**END, "position_embd.weight": (CONTEXT, WIDTH)},
    ),
    "codeshell": Specimen("codeshell", {**with_biases({**attention(), **plain(WIDE)}), **NORMS}, GELU, outside=END),
    "jais": Specimen(
        "jais",
        {**with_biases({**fused_attention(HEADS), **gated()}), **NORMS},
        {**LAYER_NORM, **ALL_HEADS, "attention.max_alibi_bias": 8.0},
        outside=END,
    ),
    "jais2": Specimen(
        "jais2", {**with_biases({**attention(), **plain()}), **NORMS}, LAYER_NORM, outside={**END, **TIED}
    ),
    "bloom": Specimen(
        "bloom",
        {**FUSED_HEADS, **NORMS},
        {**GELU, **ALL_HEADS},
        outside={**END, "token_embd_norm.weight": (WIDTH,), "token_embd_norm.bias": (WIDTH,)},
    ),
}
