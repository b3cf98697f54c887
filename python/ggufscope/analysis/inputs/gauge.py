"""Products of norms that do not change when the weights are written down differently.

Scaling W_q by c and W_k by 1/c, W_v by c and W_o by 1/c, or folding a gain into the matrix behind it leaves what a
model computes as it was, but moves norms and gains. Invariant are, per head (and per neuron of the FFN),

    qk_product    ‖W_q g_attn‖ · ‖W_k g_attn‖       mean over the query heads
    vo_product    ‖W_v g_attn‖ · ‖W_o‖              mean over the query heads
    ffn_product   ‖W_up g_ffn‖ · ‖W_down‖           mean over the neurons, and over the experts

where g scales the columns of the matrix, and a query head is paired with the key and value head it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from .layer_rows import holder_of_both, rows_by_layer, scale_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...arrays.floats import Floats
    from ...profiles.profile_result import Profile
    from ...profiles.rows import Row
    from .layer_table import LayerTable

PRODUCTS = {
    "qk_product": "‖W_q g_attn‖ · ‖W_k g_attn‖",
    "vo_product": "‖W_v g_attn‖ · ‖W_o‖",
    "ffn_product": "‖W_up g_ffn‖ · ‖W_down‖",
}
# product → the matrices and the gain it reads
PRODUCT_READS = {
    "qk_product": ("q", "k", "attn_norm"),
    "vo_product": ("v", "o", "attn_norm"),
    "ffn_product": ("up", "down", "ffn_norm"),
}

Exactness = Literal["per head", "per layer", "scalings only"]

EXPLANATIONS: dict[Exactness, str] = {
    "per head": "exact, from the weights: per head and per neuron, with gains",
    "per layer": "whole matrices with gains: blind to a rescaling of single heads or neurons",
    "scalings only": "without gains, which only the model itself holds per channel; decides no verdict",
}


@dataclass(frozen=True, eq=False)
class Gauge:
    """The invariant products of every layer.

    Attributes:
        exactness: see EXPLANATIONS.
        products: by the names of PRODUCTS, (L,), NaN where a tensor is missing.
        scale_free: product → why its size means nothing here, and with it that of either factor.
    """

    exactness: Exactness
    products: Mapping[str, Floats]
    scale_free: Mapping[str, str]

    @property
    def decides(self) -> bool:
        """Whether the products are invariant to all of it, gains included."""
        return self.exactness != "scalings only"


def gauge_from_table(table: LayerTable) -> Gauge:
    """The products as far as norms alone give them: invariant to paired scalings, but blind to gains."""
    heads, norms = table.head_norms, {name: matrix.norm for name, matrix in table.matrices.items()}
    products = {
        "qk_product": _paired(heads, norms, "q", "k"),
        "vo_product": _paired(heads, norms, "o", "v"),
        "ffn_product": norms["up"] * norms["down"],
    }
    return Gauge("scalings only", products, table.scale_free)


def _paired(heads: Mapping[str, Floats], norms: Mapping[str, Floats], query: str, key_value: str) -> Floats:
    if query in heads and key_value in heads:
        by_layer = zip(heads[query], heads[key_value], strict=True)
        return np.array([head_product(of_q[~np.isnan(of_q)], of_kv[~np.isnan(of_kv)]) for of_q, of_kv in by_layer])
    return norms[query] * norms[key_value]


def head_product(query_side: Floats, key_value_side: Floats) -> float:
    """Mean over the query heads of the product with the key or value head each of them reads.

    Args:
        query_side: norms of the query heads, or of their columns of W_o; (heads,).
        key_value_side: norms of the key or value heads; (key/value heads,), a divisor of `heads`.

    Returns:
        NaN where the numbers of heads do not fit, and where norms are 0 and infinite.
    """
    if 0 in {len(query_side), len(key_value_side)} or len(query_side) % len(key_value_side):
        return float("nan")
    group = len(query_side) // len(key_value_side)
    with np.errstate(invalid="ignore"):
        return float((query_side * np.repeat(key_value_side, group)).mean())


def gauge_from_vectors(profile: Profile, table: LayerTable) -> Gauge | None:
    """Products of whole matrices from the column norms of a profile that still has its vectors; None if it has not.

    ‖W diag(g)‖² = Σ over columns of ‖column‖² g², and the column norms of a vector are its magnitudes.
    """
    rows = {(row.role, row.layer): row for row in profile.tensors.values() if row.stack is None}
    if not all(row.get("column_l2") is not None for row in rows.values() if row.layer is not None):
        return None
    halved = {layer for layer, roles in rows_by_layer(profile).items() if holder_of_both(roles)}
    layers = [_whole_products(rows, layer) for layer in table.layers.tolist()]
    for number, of_layer in zip(table.layers.tolist(), layers, strict=True):
        if number in halved:  # whose columns run through gate and up
            of_layer["ffn_product"] = float("nan")
    products = {name: np.array([layer[name] for layer in layers]) for name in PRODUCTS}
    return Gauge("per layer", products, table.scale_free)


def _whole_products(rows: Mapping[tuple[str | None, int | None], Row], layer: int) -> dict[str, float]:
    def norm(role: str, gain: str | None = None) -> float:
        matrix = rows.get((role, layer))
        gains = rows.get((gain, layer)) if gain else None
        if matrix is None or len(matrix.shape or ()) != 2:
            return float("nan")
        if gain and (gains is None or gains.column_l2.shape != matrix.column_l2.shape):
            return float("nan")
        scale = scale_of(role, {name: [row] for (name, at), row in rows.items() if at == layer and name is not None})
        squares = np.square(matrix.column_l2) * scale**2
        return float(np.sqrt(squares.sum() if gains is None else squares @ np.square(gains.column_l2)))

    return {
        "qk_product": norm("attn_q", "attn_norm") * norm("attn_k", "attn_norm"),
        "vo_product": norm("attn_v", "attn_norm") * norm("attn_output"),
        "ffn_product": norm("ffn_up", "ffn_norm") * norm("ffn_down"),
    }
