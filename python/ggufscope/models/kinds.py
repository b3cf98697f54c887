"""Kinds of tensors: matrices and vectors of weights, factors beside matrices, and tables of integers.

    matrix   floats or blocks in rows and columns                    blk.0.attn_q.weight
    vector   gains, biases, frequencies, whatever their dimensions   blk.0.attn_norm.weight, blk.0.ffn_up_exps.bias
    factor   what a matrix, or what goes into it, is multiplied by   blk.0.attn_q.scale, blk.0.attn_q.input_scale
    table    integers: routes of tokens, ids                         blk.0.ffn_gate_tid2eid.weight

Only the first two are weights by themselves. A factor is part of the weights of its matrix (`factors`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["matrix", "vector", "factor", "table"]

INTEGER_TYPES = frozenset({"I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "BOOL"})
EIGHT_BIT_FLOATS = frozenset({"F8_E4M3", "F8_E5M2"})
# Biases of all experts, or gains of all heads, may be rows of one tensor.
_VECTORS_IN_ROWS = (".bias", "norm.weight")


def kind_of_numbers(name: str, type_name: str | None, shape: Sequence[int]) -> Kind:
    """The kind of a tensor that is no factor.

    >>> kind_of_numbers("blk.0.attn_q.weight", "Q4_K", (64, 256))
    'matrix'
    >>> kind_of_numbers("blk.0.attn_q_norm.weight", "F32", (8, 32))
    'vector'
    >>> kind_of_numbers("blk.0.ffn_gate_tid2eid.weight", "I32", (64, 6))
    'table'
    """
    if type_name in INTEGER_TYPES:
        return "table"
    return "vector" if len(shape) < 2 or name.endswith(_VECTORS_IN_ROWS) else "matrix"
