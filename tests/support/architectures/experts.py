"""Architectures whose FFNs are mixtures of experts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.architectures.specimen import (
    HEADS,
    KV_HEADS,
    LENGTH,
    WIDTH,
    WINDOW,
    Shape,
    Shapes,
    Specimen,
    attention,
    fused_attention,
    gated,
    head_norms,
    norms,
    with_biases,
)

EXPERTS, USED, HIDDEN, SHARED = 6, 2, 48, 40
PRE_NORMS = norms("attn_norm", "ffn_norm")
SIZES: dict[str, Any] = {"expert_count": EXPERTS, "expert_used_count": USED, "expert_feed_forward_length": HIDDEN}


LEADING = {"leading_dense_block_count": 1}
SIGMOID = {"expert_gating_func": 2, "expert_weights_norm": True, "expert_weights_scale": 2.5}
SELECTION_BIAS = {"exp_probs_b.bias": (EXPERTS,)}


def leading_dense(shapes: Shapes, beside: Shapes) -> Callable[[int], Shapes]:
    """A dense first layer, then experts with what is beside them."""
    return lambda layer: {**shapes, **(gated() if layer == 0 else {**experts(), **beside})}


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
    return {**kept, "ffn_gate_up_exps.weight": (EXPERTS, 2 * shapes["ffn_gate_exps.weight"][1], WIDTH)}


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
    "olmoe": Specimen(
        "olmoe",
        {
            **attention(kv_heads=HEADS),
            **head_norms(HEADS * LENGTH),
            **experts(96),
            **PRE_NORMS,
        },
        {"expert_count": EXPERTS, "expert_used_count": USED, "attention.head_count_kv": HEADS},
    ),
    "deepseek": Specimen(
        "deepseek",
        {},
        {**SIZES, **LEADING, "expert_shared_count": 1, "expert_weights_scale": 1.7},
        layer_of=leading_dense({**attention(), **PRE_NORMS}, shared(HIDDEN)),
        layers=3,
    ),
    "dots1": Specimen(
        "dots1",
        {},
        {**SIZES, **LEADING, **SIGMOID, "expert_shared_count": 1, "attention.head_count_kv": HEADS},
        layer_of=leading_dense(
            {**attention(kv_heads=HEADS), **head_norms(), **PRE_NORMS}, {**shared(HIDDEN), **SELECTION_BIAS}
        ),
        layers=3,
    ),
    "bailingmoe": Specimen(
        "bailingmoe",
        {**attention(), **experts(), **shared(HIDDEN), **PRE_NORMS},
        {
            **SIZES,
            "expert_shared_count": 1,
            "expert_weights_scale": 0.7,
            "expert_weights_norm": True,
            "rope.dimension_count": LENGTH,
        },
    ),
    "bailingmoe2": Specimen(
        "bailingmoe2",
        {},
        {
            **SIZES,
            **LEADING,
            **SIGMOID,
            "expert_shared_count": 1,
            "expert_shared_feed_forward_length": SHARED,
            "expert_group_count": 3,
            "expert_group_used_count": 2,
        },
        layer_of=leading_dense({**fused_attention(), **head_norms(), **PRE_NORMS}, {**shared(), **SELECTION_BIAS}),
        layers=3,
    ),
    "ernie4_5-moe": Specimen(
        "ernie4_5-moe",
        {},
        {**SIZES, **LEADING, "expert_shared_feed_forward_length": SHARED, "interleave_moe_layer_step": 1},
        layer_of=leading_dense({**attention(), **PRE_NORMS}, {**shared(), **SELECTION_BIAS}),
        layers=3,
    ),
    "hunyuan-moe": Specimen(
        "hunyuan-moe",
        {**attention(), **head_norms(), **experts(96), **shared(), **PRE_NORMS},
        {**SIZES, "expert_feed_forward_length": 96, "expert_shared_feed_forward_length": SHARED},
    ),
    "minimax-m2": Specimen(
        "minimax-m2",
        {
            **attention(),
            **norms("attn_q_norm", size=HEADS * LENGTH),
            **norms("attn_k_norm", size=KV_HEADS * LENGTH),
            **experts(96),
            **SELECTION_BIAS,
            **PRE_NORMS,
        },
        {**SIZES, "expert_feed_forward_length": 96, "expert_gating_func": 2, "rope.dimension_count": LENGTH // 2},
    ),
    "glm4moe": Specimen(
        "glm4moe",
        {},
        {**SIZES, **LEADING, **SIGMOID, "expert_shared_count": 1, "rope.dimension_count": LENGTH // 2},
        layer_of=leading_dense(
            {
                **with_biases(attention(), "attn_q", "attn_k", "attn_v"),
                **head_norms(),
                **norms("attn_norm", "post_attention_norm"),
            },
            {**shared(HIDDEN), **SELECTION_BIAS},
        ),
        layers=3,
    ),
    "dbrx": Specimen(
        "dbrx",
        {**fused_attention(), **experts(96), **norms("attn_norm", "attn_output_norm")},
        {
            "expert_count": EXPERTS,
            "expert_used_count": USED,
            "attention.layer_norm_epsilon": 1e-5,
            "attention.clamp_kqv": 1.2,
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
