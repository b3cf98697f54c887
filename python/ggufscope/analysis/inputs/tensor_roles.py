"""Which tensors stand for the matrices and gains of the formulas, architecture by architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.halves import MERGED_EXPERTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# Matrix → the roles that hold it, the first of them that a layer has. "_exps" are the experts of a mixture.
HOLDERS = {
    "q": ("attn_q",),
    "k": ("attn_k",),
    "v": ("attn_v",),
    "o": ("attn_output",),
    "gate": ("ffn_gate_exps", MERGED_EXPERTS, "ffn_gate"),
    "up": ("ffn_up_exps", MERGED_EXPERTS, "ffn_up"),
    "down": ("ffn_down_exps", "ffn_down"),
}
FUSED_ATTENTION = "attn_qkv"

_MIXERS = {
    "attn_kv_a": "multi-head latent attention has no W_k and W_v of its own",
    "attn_kv_b": "multi-head latent attention has no W_k and W_v of its own",
    "ssm_": "layers with a state-space mixer have no attention matrices",
    "time_mix_": "linear attention (RWKV) has no attention matrices",
    "shortconv": "convolution layers have no attention matrices",
}


def holder(matrix: str, roles: Collection[str]) -> str | None:
    """The role that holds a matrix in a layer with these roles."""
    return next((role for role in HOLDERS[matrix] if role in roles), None)


def ffn_gain_role(roles: Collection[str]) -> str | None:
    """The norm that feeds the FFN.

    Where there is no `ffn_norm`, `post_attention_norm` does if the FFN's output has no norm of its own (gpt-oss, Qwen3
    Next); without either the blocks are parallel and share `attn_norm`.
    """
    if "ffn_norm" in roles:
        return "ffn_norm"
    if "post_ffw_norm" in roles:
        return None
    if "post_attention_norm" in roles:
        return "post_attention_norm" if "attn_norm" in roles else None
    return "attn_norm" if "attn_norm" in roles else None


def mixers_without_matrices(roles: Iterable[str]) -> list[str]:
    """The reasons that layers with these roles may have no q, k or v."""
    return sorted({reason for role in roles for stem, reason in _MIXERS.items() if role.startswith(stem)})


def scale_free(roles: Collection[str]) -> dict[str, str]:
    """Products whose size has no effect on what the model computes, because a norm follows."""
    reasons: dict[str, str] = {}
    if {"attn_q_norm", "attn_k_norm"} & set(roles):
        reasons["qk_product"] = "norms on q and k undo the size of W_q and W_k"
    if "post_attention_norm" in roles and ffn_gain_role(roles) != "post_attention_norm":
        reasons["vo_product"] = "a norm on the attention output undoes the size of W_v and W_o"
    if "post_ffw_norm" in roles:
        reasons["ffn_product"] = "a norm on the FFN output undoes the size of W_down"
    return reasons
