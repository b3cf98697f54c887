"""Architectures whose FFNs are mixtures of experts."""

from __future__ import annotations

from typing import Any

from support.architectures.specimen import (
    HEADS,
    LENGTH,
    WIDTH,
    WINDOW,
    Shape,
    Shapes,
    Specimen,
    attention,
    head_norms,
    norms,
    with_biases,
)

EXPERTS, USED, HIDDEN, SHARED = 6, 2, 48, 40
PRE_NORMS = norms("attn_norm", "ffn_norm")
SIZES: dict[str, Any] = {"expert_count": EXPERTS, "expert_used_count": USED, "expert_feed_forward_length": HIDDEN}


def experts(hidden: int = HIDDEN) -> dict[str, Shape]:
    """Experts with gates, each matrix for all of them in one tensor, and their router."""
    return {
        "ffn_gate_inp.weight": (EXPERTS, WIDTH),
        "ffn_gate_exps.weight": (EXPERTS, hidden, WIDTH),
        "ffn_up_exps.weight": (EXPERTS, hidden, WIDTH),
        "ffn_down_exps.weight": (EXPERTS, WIDTH, hidden),
    }


def merged(shapes: Shapes) -> dict[str, Shape]:
    """The same experts, gate and up projection in one tensor."""
    kept = {name: shape for name, shape in shapes.items() if not name.startswith(("ffn_gate_exps", "ffn_up_exps"))}
    return {**kept, "ffn_gate_up_exps.weight": (EXPERTS, 2 * HIDDEN, WIDTH)}


def expert_biases(shapes: Shapes) -> dict[str, Shape]:
    """Experts and their router with a bias each."""
    return {**shapes, **{name.replace("weight", "bias"): shape[:-1] for name, shape in shapes.items()}}


def shared(hidden: int = SHARED) -> dict[str, Shape]:
    """An expert of all tokens."""
    return {
        "ffn_gate_shexp.weight": (hidden, WIDTH),
        "ffn_up_shexp.weight": (hidden, WIDTH),
        "ffn_down_shexp.weight": (WIDTH, hidden),
    }


def sinks(chance: Any, shape: Shape) -> Any:
    return chance.standard_normal(shape)


EXPERT_MODELS = {
    "mixtral": Specimen(
        "llama",
        {**attention(), **experts(96), **PRE_NORMS},
        {"expert_count": EXPERTS, "expert_used_count": USED},
    ),
    "qwen2moe": Specimen(
        "qwen2moe",
        {
            **with_biases(attention(), "attn_q", "attn_k", "attn_v"),
            **experts(),
            **shared(),
            "ffn_gate_inp_shexp.weight": (WIDTH,),
            **PRE_NORMS,
        },
        {**SIZES, "expert_shared_feed_forward_length": SHARED},
    ),
    "qwen3moe": Specimen("qwen3moe", {**attention(), **head_norms(), **experts(), **PRE_NORMS}, SIZES),
    "granitemoe": Specimen(
        "granitemoe",
        {**attention(), **experts(96), **shared(), **PRE_NORMS},
        {
            "expert_count": EXPERTS,
            "expert_used_count": USED,
            "expert_shared_feed_forward_length": SHARED,
            "attention.scale": 0.2,
            "embedding_scale": 3.0,
            "residual_scale": 0.4,
            "logit_scale": 4.0,
            "rope.scaling.finetuned": True,
        },
    ),
    "gpt-oss": Specimen(
        "gpt-oss",
        {
            **with_biases(attention()),
            **expert_biases(experts()),
            **norms("attn_norm", "post_attention_norm"),
            "attn_sinks.weight": (HEADS,),
        },
        {
            **SIZES,
            "attention.sliding_window": WINDOW,
            "attention.key_length": LENGTH,
            "attention.value_length": LENGTH,
            "rope.freq_base": 15e4,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 32.0,
            "rope.scaling.original_context_length": 32,
        },
        draw={"attn_sinks.weight": sinks},
    ),
}
