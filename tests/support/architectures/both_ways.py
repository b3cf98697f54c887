"""Models whose attention goes both ways, and those that give hidden states, not scores."""

from __future__ import annotations

from typing import Any

from support.architectures.experts import SIZES, experts
from support.architectures.specimen import (
    CONTEXT,
    EPSILON,
    HEADS,
    LENGTH,
    WIDE,
    WIDTH,
    WINDOW,
    Shape,
    Shapes,
    Specimen,
    attention,
    fused_attention,
    fused_gate,
    gated,
    head_norms,
    norms,
    plain,
    with_biases,
)

BOTH_WAYS: dict[str, Any] = {"attention.causal": False}
LAYER_NORM = {**BOTH_WAYS, "attention.layer_norm_epsilon": EPSILON, "attention.layer_norm_rms_epsilon": None}
GELU = {"feed_forward_length": WIDE}
TYPES = {"tokenizer.ggml.token_type_count": 2}
NO_OUTPUT: dict[str, Shape | None] = {"output.weight": None}
NO_END: dict[str, Shape | None] = {"output_norm.weight": None, **NO_OUTPUT}
PRE_NORMS = norms("attn_norm", "ffn_norm")
TOTAL_NORMS = with_biases(norms("attn_output_norm", "layer_output_norm"))
BEGIN: dict[str, Shape | None] = {
    "token_embd_norm.weight": (WIDTH,),
    "token_embd_norm.bias": (WIDTH,),
    "token_types.weight": (2, WIDTH),
}
EXPERTS: Shapes = {
    "ffn_gate_inp.weight": (4, WIDTH),
    "ffn_up_exps.weight": (4, WIDE, WIDTH),
    "ffn_down_exps.weight": (4, WIDTH, WIDE),
}
LLAMA = {**attention(), **gated(), **PRE_NORMS}

BOTH_WAYS_MODELS = {
    "llama-both-ways": Specimen("llama", LLAMA, {**BOTH_WAYS, "pooling_type": 1}),
    "dream": Specimen("dream", {**with_biases(attention(), "attn_q", "attn_k", "attn_v"), **gated(), **PRE_NORMS}),
    "llada": Specimen("llada", LLAMA),
    "llada-moe": Specimen("llada-moe", {**attention(), **head_norms(), **experts(), **PRE_NORMS}, SIZES),
    "rnd1": Specimen("rnd1", {**attention(), **head_norms(), **experts(), **PRE_NORMS}, SIZES),
    "llama-embed": Specimen("llama-embed", LLAMA, BOTH_WAYS, outside=NO_OUTPUT),
    "eurobert": Specimen("eurobert", LLAMA, BOTH_WAYS, outside=NO_OUTPUT),
    "bert": Specimen(
        "bert",
        {**with_biases({**attention(kv_heads=HEADS), **plain(WIDE)}), **TOTAL_NORMS},
        {**LAYER_NORM, **GELU, "attention.head_count_kv": HEADS},
        outside={**NO_END, **BEGIN, "position_embd.weight": (CONTEXT, WIDTH)},
        general=TYPES,
    ),
    "nomic-bert": Specimen(
        "nomic-bert",
        {**fused_attention(), **gated(), **TOTAL_NORMS},
        LAYER_NORM,
        outside={**NO_END, **BEGIN},
        general=TYPES,
    ),
    "nomic-bert-moe": Specimen(
        "nomic-bert-moe",
        {},
        {**LAYER_NORM, **GELU, "moe_every_n_layers": 2, "expert_count": 4, "expert_used_count": 2},
        layer_of=lambda layer: {
            **with_biases(fused_attention()),
            **(EXPERTS if layer % 2 else with_biases(plain(WIDE))),
            **TOTAL_NORMS,
        },
        outside={**NO_END, **BEGIN},
        general=TYPES,
    ),
    "jina-bert-v2": Specimen(
        "jina-bert-v2",
        {**with_biases(attention()), **gated(WIDE), "ffn_down.bias": (WIDTH,), **TOTAL_NORMS},
        {**LAYER_NORM, **GELU},
        outside={**NO_END, **BEGIN},
        general=TYPES,
    ),
    "jina-bert-v2-code": Specimen(
        "jina-bert-v2",
        {
            **with_biases(attention(kv_heads=HEADS)),
            **with_biases(norms("attn_q_norm", "attn_k_norm", size=HEADS * LENGTH)),
            **fused_gate(WIDE),
            "ffn_up.bias": (2 * WIDE,),
            "ffn_down.bias": (WIDTH,),
            **TOTAL_NORMS,
        },
        {**LAYER_NORM, **GELU, "attention.head_count_kv": HEADS},
        outside={**NO_END, **BEGIN},
        general=TYPES,
    ),
    "jina-bert-v3": Specimen(
        "jina-bert-v3",
        {**with_biases({**fused_attention(), **plain(WIDE)}), **TOTAL_NORMS},
        {**LAYER_NORM, **GELU},
        outside={**NO_END, **BEGIN},
        general=TYPES,
    ),
    "gemma-embedding": Specimen(
        "gemma-embedding",
        {
            **attention(),
            **head_norms(),
            **gated(WIDE),
            **PRE_NORMS,
            **norms("post_attention_norm", "post_ffw_norm"),
        },
        {
            **GELU,
            "attention.key_length": LENGTH,
            "attention.value_length": LENGTH,
            "attention.sliding_window": 2 * WINDOW,
            "attention.sliding_window_pattern": 3,
            "rope.freq_base": 1e6,
        },
        layers=4,
        outside=NO_OUTPUT,
    ),
    "modern-bert": Specimen(
        "modern-bert",
        {},
        {
            **LAYER_NORM,
            **GELU,
            "attention.head_count_kv": HEADS,
            "attention.sliding_window": 2 * WINDOW,
            "rope.freq_base": 160_000.0,
        },
        layers=4,
        layer_of=lambda layer: {
            **fused_attention(HEADS),
            **fused_gate(WIDE),
            **norms(*(["attn_norm"] if layer else []), "ffn_norm"),
        },
        outside={**NO_OUTPUT, "token_embd_norm.weight": (WIDTH,)},
    ),
}
