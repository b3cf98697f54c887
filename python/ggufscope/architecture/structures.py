"""Structures of layers, known by the beginnings of their tensors' roles, for messages about what is beyond a reader."""

from __future__ import annotations

from ..models.experts import is_role_of_experts

STRUCTURES = {
    "attn_kv_a": "multi-head latent attention (MLA): keys and values come out of a low-rank bottleneck",
    "ssm_": "a state-space model (SSM), or linear attention in its form: what passes between tokens is no softmax",
    "time_mix_": "linear attention (RWKV): what passes between tokens is no softmax",
    "shortconv": "short convolutions between tokens in place of attention",
    "attn_sinks": "attention sinks: learned scores without a key",
    "cross_attn": "cross-attention to another stack",
    "ffn_gate_inp_shexp": "a gated shared expert",
    "ffn_gate_shexp": "a shared expert",
    "ffn_up_shexp": "a shared expert",
    "ffn_down_shexp": "a shared expert",
    "ffn_gate_inp": "a mixture of experts",
    "exp_probs_b": "a mixture of experts",
}

# Those that no softmax attention with an FFN of its own is like.
BEYOND = ("attn_kv_a", "ssm_", "time_mix_", "shortconv", "cross_attn")


def structure_of(role: str | None) -> str | None:
    """The structure that tensors of a role belong to; None where the role says nothing."""
    if is_role_of_experts(role):
        return "a mixture of experts"
    return next((text for start, text in STRUCTURES.items() if role is not None and role.startswith(start)), None)
