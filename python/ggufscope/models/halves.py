"""Tensors that hold the gate and the up projection of an FFN: which these are, and where one ends and the other begins.

    ffn_gate_up_exps   of every expert the rows of the gate, then as many rows of up
    ffn_up             the same without experts (Phi 3, GLM 4): twice the rows that ffn_down has columns, no ffn_gate

The order is that of llama.cpp's `build_moe_ffn` and of `ggml_swiglu`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MERGED_EXPERTS = "ffn_gate_up_exps"

_UP = re.compile(r"(.*)ffn_up(|_shexp)\.weight", re.DOTALL)


class HalfRoles(NamedTuple):
    """The roles that the halves of a tensor would have as tensors of their own."""

    gate: str
    up: str


def half_rows(shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Name → rows of a half (of one expert), for the tensors that hold gate and up.

    Args:
        shapes: of all tensors of a model, by name.
    """
    names = [name for name in shapes if name.endswith(("ffn_up.weight", "_shexp.weight", f"{MERGED_EXPERTS}.weight"))]
    rows = {name: _half_rows(name, shapes) for name in names}
    return {name: n for name, n in rows.items() if n}


def _half_rows(name: str, shapes: Mapping[str, Sequence[int]]) -> int:
    shape = shapes[name]
    if name.endswith(f"{MERGED_EXPERTS}.weight"):
        return shape[1] // 2 if len(shape) == 3 and shape[1] % 2 == 0 else 0
    match = _UP.fullmatch(name)
    if match is None or f"{match[1]}ffn_gate{match[2]}.weight" in shapes:
        return 0
    down = shapes.get(f"{match[1]}ffn_down{match[2]}.weight", ())
    return down[1] if len(shape) == len(down) == 2 and shape[0] == 2 * down[1] else 0


def half_roles(role: str) -> HalfRoles:
    """The roles of the halves of a tensor that has them.

    >>> half_roles("ffn_gate_up_exps")
    HalfRoles(gate='ffn_gate_exps', up='ffn_up_exps')
    """
    if role.endswith(MERGED_EXPERTS):
        stem = role.removesuffix("gate_up_exps")
        return HalfRoles(f"{stem}gate_exps", f"{stem}up_exps")
    return HalfRoles(role.replace("ffn_up", "ffn_gate"), role)
