"""Architectures with multi-head latent attention (DeepSeek 2, and those that differ from it by a few parts)."""

from __future__ import annotations

from typing import Any

from support.architectures.experts import EXPERTS, experts, shared
from support.architectures.specimen import HEADS, TIED, WIDTH, Shape, Specimen, gated, norms, plain

PRE_NORMS = norms("attn_norm", "ffn_norm")
EXPERT_NEURONS = 32

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
    mixture = {**experts(EXPERT_NEURONS), **shared(2 * EXPERT_NEURONS)}
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

LATENT = {**DEEPSEEK2, **DEEPSEEK2_LIKE}
