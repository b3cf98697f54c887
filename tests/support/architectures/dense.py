"""Architectures of one FFN a layer, with RMSNorm: Llama and those that differ from it by a few parts."""

from __future__ import annotations

from typing import Any

from support.architectures.specimen import (
    LENGTH,
    TIED,
    WIDE,
    WINDOW,
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

LONG = 24  # heads that are longer than their share of the width
PRE_NORMS = norms("attn_norm", "ffn_norm")
POST_NORMS = norms("post_attention_norm", "post_ffw_norm")
QKV = ("attn_q", "attn_k", "attn_v")
LLAMA = {**attention(), **gated(), **PRE_NORMS}
GELU = {"feed_forward_length": WIDE}
GEMMA_WINDOWS = {"attention.sliding_window": WINDOW, "attention.sliding_window_pattern": 3}


def lengths(length: int) -> dict[str, Any]:
    return {"attention.key_length": length, "attention.value_length": length}


DENSE = {
    "llama": Specimen("llama", LLAMA),
    "qwen2": Specimen("qwen2", {**with_biases(attention(), *QKV), **gated(), **PRE_NORMS}, {"rope.freq_base": 1e6}),
    "qwen3": Specimen(
        "qwen3",
        {**attention(length=LONG), **head_norms(LONG), **gated(), **PRE_NORMS},
        {"rope.freq_base": 1e6, **lengths(LONG)},
        outside=TIED,
    ),
    "gemma": Specimen("gemma", {**attention(), **gated(WIDE), **PRE_NORMS}, {**GELU, **lengths(LENGTH)}, outside=TIED),
    "gemma2": Specimen(
        "gemma2",
        {**attention(length=LONG), **gated(WIDE), **PRE_NORMS, **POST_NORMS},
        {
            **GELU,
            "attn_logit_softcapping": 3.0,
            "final_logit_softcapping": 2.0,
            "attention.sliding_window": WINDOW,
            **lengths(LONG),
        },
        layers=4,
        outside=TIED,
    ),
    "gemma3": Specimen(
        "gemma3",
        {**attention(length=LONG), **head_norms(LONG), **gated(WIDE), **PRE_NORMS, **POST_NORMS},
        {
            **GELU,
            **GEMMA_WINDOWS,
            "rope.freq_base": 1e6,
            "rope.scaling.type": "linear",
            "rope.scaling.factor": 8.0,
            **lengths(LONG),
        },
        layers=4,
        outside=TIED,
    ),
    "phi3": Specimen("phi3", {**fused_attention(), **fused_gate(), **PRE_NORMS}, {"rope.dimension_count": 12}),
    "granite": Specimen(
        "granite",
        LLAMA,
        {"embedding_scale": 3.0, "residual_scale": 0.6, "attention.scale": 0.15, "logit_scale": 2.5},
    ),
    "granite-without-rope": Specimen("granite", LLAMA, {"logit_scale": 2.5, "rope.scaling.finetuned": False}),
    "minicpm": Specimen("minicpm", LLAMA),
    "minicpm-scales": Specimen("minicpm", LLAMA, {"embedding_scale": 3.0, "residual_scale": 0.6, "logit_scale": 2.5}),
    "smollm3": Specimen("smollm3", LLAMA, layers=4, outside=TIED),
    "internlm2": Specimen("internlm2", LLAMA),
    "exaone": Specimen("exaone", LLAMA, outside={"rope_freqs.weight": (LENGTH // 2,)}),
    "arcee": Specimen("arcee", {**attention(), **plain(), **PRE_NORMS}),
    "mistral3": Specimen("mistral3", {**attention(length=LONG), **gated(), **PRE_NORMS}, lengths(LONG)),
    "mistral3-long": Specimen(
        "mistral3",
        LLAMA,
        {
            "attention.temperature_scale": 0.4,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 16,
            "rope.scaling.yarn_beta_fast": 24.0,
            "rope.scaling.yarn_beta_slow": 1.5,
            "rope.scaling.yarn_log_multiplier": 0.7,
        },
    ),
    "seed_oss": Specimen(
        "seed_oss", {**with_biases(attention(), *QKV), **gated(), **norms("attn_norm", "post_attention_norm")}
    ),
    "ernie4_5": Specimen("ernie4_5", LLAMA, outside=TIED),
    "hunyuan-dense": Specimen("hunyuan-dense", {**LLAMA, **head_norms()}, {"rope.scaling.alpha": 50.0}, outside=TIED),
    "olmo2": Specimen(
        "olmo2",
        {
            **attention(),
            **norms("attn_q_norm", size=64),
            **norms("attn_k_norm", size=32),
            **gated(),
            **POST_NORMS,
        },
    ),
    "olmo3": Specimen(
        "olmo2",
        {
            **attention(),
            **norms("attn_q_norm", size=64),
            **norms("attn_k_norm", size=32),
            **gated(),
            **POST_NORMS,
        },
        {
            "attention.sliding_window": WINDOW,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 16,
            "rope.scaling.attn_factor": 1.2,
        },
        layers=4,
    ),
    "exaone4": Specimen("exaone4", {**attention(), **head_norms(), **gated(), **POST_NORMS}),
    "exaone4-32b": Specimen(
        "exaone4",
        {**attention(), **head_norms(), **gated(), **POST_NORMS},
        {"attention.sliding_window": WINDOW},
        layers=64,
    ),
    "glm4": Specimen(
        "glm4",
        {**with_biases(attention(), *QKV), **fused_gate(), **PRE_NORMS, **POST_NORMS},
        {"rope.dimension_count": 8},
    ),
}
