"""Architectures whose layers are attention and one FFN."""

from __future__ import annotations

from typing import Any

from support.architectures.specimen import (
    LENGTH,
    WINDOW,
    Specimen,
    attention,
    fused_attention,
    fused_gate,
    gated,
    head_norms,
    norms,
    with_biases,
)

LONG = 24  # heads that are longer than their share of the width
TIED: dict[str, None] = {"output.weight": None}
PRE_NORMS = norms("attn_norm", "ffn_norm")
FOUR_NORMS = norms("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")


def lengths(length: int) -> dict[str, Any]:
    return {"attention.key_length": length, "attention.value_length": length}


DENSE = {
    "llama": Specimen("llama", {**attention(), **gated(), **PRE_NORMS}),
    "qwen2": Specimen(
        "qwen2",
        {**with_biases(attention(), "attn_q", "attn_k", "attn_v"), **gated(), **PRE_NORMS},
        {"rope.freq_base": 1e6},
    ),
    "qwen3": Specimen(
        "qwen3",
        {**attention(length=LONG), **head_norms(LONG), **gated(), **PRE_NORMS},
        {"rope.freq_base": 1e6, **lengths(LONG)},
        outside=TIED,
    ),
    "gemma": Specimen("gemma", {**attention(), **gated(), **PRE_NORMS}, lengths(LENGTH), outside=TIED),
    "gemma2": Specimen(
        "gemma2",
        {**attention(length=LONG), **gated(), **FOUR_NORMS},
        {
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
        {**attention(length=LONG), **head_norms(LONG), **gated(), **FOUR_NORMS},
        {
            "attention.sliding_window": WINDOW,
            "attention.sliding_window_pattern": 3,
            "rope.freq_base": 1e6,
            "rope.scaling.type": "linear",
            "rope.scaling.factor": 8.0,
            **lengths(LONG),
        },
        layers=4,
        outside=TIED,
    ),
    "phi3": Specimen("phi3", {**fused_attention(), **fused_gate(), **PRE_NORMS}, {"rope.dimension_count": 12}),
}
