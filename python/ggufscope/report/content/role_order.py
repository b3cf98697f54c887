"""The order in which reports name the roles of tensors: that of computation, others behind as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROLE_ORDER = (
    "token_embd", "attn_norm", "attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_norm", "ffn_gate_inp",
    "ffn_gate", "ffn_up", "ffn_down", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps", "output_norm", "output",
)  # fmt: skip


def in_order(roles: Iterable[str | None]) -> list[str | None]:
    """Each role once: None first, then those of ROLE_ORDER, then others as they come."""
    found = dict.fromkeys(roles)
    usual = [role for known in (None, *ROLE_ORDER) for role in found if role == known]
    return list(dict.fromkeys([*usual, *found]))
