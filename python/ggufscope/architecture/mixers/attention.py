"""Softmax attention: its projections, each by itself or in one tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..heads import head_shape
from ..parts import Norm

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..heads import HeadShape
    from ..matrices import Matrix
    from ..sources import Sources


@dataclass(frozen=True)
class AttentionWeights:
    """Projections of a layer.

    Attributes:
        shape: of heads.
        q, k, v, output: the projections.
        q_norm, k_norm: norms of queries and keys, over as many components as their gains have; None without.
        norms_behind_rope: the norms of queries and keys come after RoPE.
        sinks: (heads,), scores of a key that has no value; None without.
        v_norm: of values, over a head; None without.
        output_norm: of what all heads give, in front of the output projection; None without.
        gated: `q` has, behind the rows of each head, as many again, whose sigmoid gates what the head gives.
    """

    shape: HeadShape
    q: Matrix
    k: Matrix
    v: Matrix
    output: Matrix
    q_norm: Norm | None
    k_norm: Norm | None
    sinks: Floats | None = None
    v_norm: Norm | None = None
    gated: bool = False
    norms_behind_rope: bool = False
    output_norm: Norm | None = None

    @property
    def matrices(self) -> list[Matrix]:
        values = [] if self.v is self.k else [self.v]
        return [self.q, self.k, *values, self.output]


def attention(sources: Sources, layer: int) -> AttentionWeights:
    """Gathered from the tensors of a layer.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    shape = head_shape(sources.hyperparameters, layer)
    q, k, v = projections(sources, layer, shape)
    output = sources.catalog.matrix(layer, "attn_output", sources.width, shape.n_heads * shape.value_length)
    return AttentionWeights(
        shape,
        q,
        k,
        v,
        output,
        _head_norm(sources, layer, "attn_q_norm", shape.n_heads, shape.key_length),
        _head_norm(sources, layer, "attn_k_norm", shape.n_kv_heads, shape.key_length),
        sources.catalog.vector(layer, "attn_sinks", shape.n_heads),
        _value_norm(sources, shape),
        sources.family.gated_attention,
        sources.family.head_norms_behind_rope,
        sources.optional_norm(layer, "attn_sub_norm", (shape.n_heads * shape.value_length,), centred=False),
    )


def projections(sources: Sources, layer: int, shape: HeadShape) -> tuple[Matrix, Matrix, Matrix]:
    """The projections of queries, keys and values, each by itself or all in one tensor, in this order."""
    catalog, width = sources.catalog, sources.width
    q_rows = shape.n_heads * shape.key_length * (2 if sources.family.gated_attention else 1)
    k_rows = shape.n_kv_heads * shape.key_length
    v_rows = shape.n_kv_heads * shape.value_length
    if catalog.has(layer, "attn_qkv"):
        fused = catalog.matrix(layer, "attn_qkv", q_rows + k_rows + v_rows, width)
        return fused.part(0, q_rows), fused.part(q_rows, k_rows), fused.part(q_rows + k_rows, v_rows)
    rows = {"attn_q": q_rows, "attn_k": k_rows, "attn_v": v_rows}
    if sources.family.values_of_keys and not catalog.has(layer, "attn_v"):
        q, k = (catalog.matrix(layer, role, rows[role], width) for role in ("attn_q", "attn_k"))
        return q, k, k
    q, k, v = (catalog.matrix(layer, role, n, width) for role, n in rows.items())
    return q, k, v


def _value_norm(sources: Sources, shape: HeadShape) -> Norm | None:
    if not sources.family.normed_values:
        return None
    return Norm(np.ones(shape.value_length), None, sources.hyperparameters.epsilon, centred=False)


def _head_norm(sources: Sources, layer: int, role: str, heads: int, length: int) -> Norm | None:
    """The norm of queries or keys: of every head alike, of each with its own gains, or of all together."""
    centred = sources.family.layer_norm
    if sources.family.head_norms == "all heads":
        return sources.optional_norm(layer, role, (heads * length,), centred=centred)
    own_gains = sources.catalog.has(layer, role) and len(sources.catalog.need(layer, role).shape) == 2
    return sources.optional_norm(layer, role, (heads, length) if own_gains else (length,), centred=centred)
