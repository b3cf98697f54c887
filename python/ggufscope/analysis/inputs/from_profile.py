"""A profile as a LayerTable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...models.experts import experts_in
from ...models.halves import MERGED_EXPERTS
from .layer_rows import LayerRows, halves_by_layer, holder_of_both, rows_by_layer, scale_of
from .layer_table import GAINS, MATRICES, GainSeries, LayerTable, MatrixSeries
from .profile_notes import profile_notes
from .tensor_roles import FUSED_ATTENTION, ffn_gain_role, holder, scale_free

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...arrays.floats import Floats
    from ...profiles.head_table import HeadTable
    from ...profiles.profile_result import Profile
    from ...profiles.rows import Row

LayerFields = dict[str, Any]  # the fields of MatrixSeries or GainSeries for one layer

_SHARES = ("sparsity", "zero_fraction")
_HEADS_OF = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output"}


def layer_table(profile: Profile) -> LayerTable:
    """The main stack of a profile's layers.

    Raises:
        ValueError: It has no layers, or only those of a second stack.
    """
    layers = rows_by_layer(profile)
    if not layers:
        raise ValueError("no layers: the analysis needs the layers of a language model")
    numbers = sorted(layers)
    rows = [layers[number] for number in numbers]
    roles = {role for layer in rows for role in layer}
    gates_are_missing = all(holder("gate", layer) is None and holder_of_both(layer) is None for layer in rows)
    halves = halves_by_layer(profile)
    fields = {
        matrix: [_matrix(matrix, layer, halves.get(number, {})) for number, layer in zip(numbers, rows, strict=True)]
        for matrix in MATRICES
    }
    heads = profile.as_saved().heads  # with the digits of a file, from which the same table must come
    _add_fused_attention(fields, rows, numbers, heads)
    matrices = {matrix: _as_matrix(by_layer) for matrix, by_layer in fields.items()}
    if gates_are_missing:
        matrices["gate"] = matrices["up"]
    gain_roles = {"attn_norm": "attn_norm", "ffn_norm": ffn_gain_role(roles)}
    return LayerTable(
        layers=np.array(numbers, np.int64),
        matrices=matrices,
        gains={gain: _as_gain([_gain(gain_roles[gain], layer) for layer in rows]) for gain in GAINS},
        head_norms=_head_norms(heads, layers),
        scale_free=scale_free(roles),
        notes=tuple(profile_notes(profile, rows, roles, gates_are_missing)),
    )


def _matrix(matrix: str, layer: LayerRows, halves: Mapping[str, Row]) -> LayerFields:
    """The fields of a matrix in one layer: its type alone without statistics, {} where there is none."""
    both = holder_of_both(layer) if matrix in {"gate", "up"} else None
    if both is not None:
        half = halves.get(f"ffn_{matrix}{'_exps' if both == MERGED_EXPERTS else ''}")
        return _half(half, layer[both][0], scale_of(both, layer))
    role = holder(matrix, layer)
    return _merged(layer[role], scale_of(role, layer)) if role else {}


def _merged(rows: list[Row], scale: float) -> LayerFields:
    """One tensor, or the experts of a layer: root mean square of their norms, shares over all elements."""
    shapes = [row.shape or () for row in rows]
    experts = sum(experts_in(shape) for shape in shapes)
    elements = np.array([row.n_elements for row in rows], np.float64)
    known = all(row.get(name) is not None for row in rows for name in ("l2_norm", *_SHARES))
    type_ = "/".join(sorted({str(row.type) for row in rows}))
    if not known or elements.sum() == 0 or len(shapes[0]) < 2:
        return {"type": type_}
    shares = {name: float(np.average([row[name] for row in rows], weights=elements)) for name in _SHARES}
    return {
        "norm": scale * float(np.sqrt(sum(row.l2_norm**2 for row in rows) / experts)),
        "rows": shapes[0][-2],
        "elements": float(elements.sum()),
        "type": type_,
        **shares,
    }


def _half(half: Row | None, both: Row, scale: float) -> LayerFields:
    """Gate or up of a tensor that holds both; of experts, the root mean square of their norms."""
    shape = both.shape or ()
    if half is None or half.get("l2_norm") is None:
        return {"type": both.type}
    norm = scale * float(half.l2_norm / np.sqrt(experts_in(shape)))
    return {"norm": norm, "rows": shape[-2] // 2, "type": both.type, **{name: half[name] for name in _SHARES}}


def _add_fused_attention(
    fields: dict[str, list[LayerFields]], rows: list[LayerRows], numbers: list[int], heads: Mapping[str, HeadTable]
) -> None:
    """Fill q, k and v of layers with one tensor for all three from the statistics of its heads."""
    for position, (layer, number) in enumerate(zip(rows, numbers, strict=True)):
        for matrix in ("q", "k", "v"):
            table = heads.get(_HEADS_OF[matrix])
            if FUSED_ATTENTION in layer and not fields[matrix][position] and table and number in table.layers:
                fields[matrix][position] = _of_heads(table, table.layers.index(number), layer)


def _of_heads(table: HeadTable, position: int, layer: LayerRows) -> LayerFields:
    fused = layer[FUSED_ATTENTION][0]
    heads = slice(0, table.n_heads[position])
    if not {"l2_norm", "n_elements", *_SHARES} <= set(table.fields) or not table.n_elements[position, heads].sum() > 0:
        return {}
    norms, elements = table.l2_norm[position, heads], table.n_elements[position, heads]
    return {
        "norm": scale_of(FUSED_ATTENTION, layer) * float(np.sqrt(np.square(norms).sum())),
        "rows": elements.sum() / (fused.shape or (1,))[-1],
        "elements": float(elements.sum()),
        "type": fused.type,
        **{name: float(np.average(table.fields[name][position, heads], weights=elements)) for name in _SHARES},
    }


def _column(by_layer: list[LayerFields], name: str) -> Floats:
    return np.array([fields.get(name, np.nan) for fields in by_layer], np.float64)


def _as_matrix(by_layer: list[LayerFields]) -> MatrixSeries:
    numbers = {name: _column(by_layer, name) for name in ("norm", "rows", "sparsity", "zero_fraction", "elements")}
    return MatrixSeries(**numbers, types=tuple(fields.get("type") for fields in by_layer))


def _gain(role: str | None, layer: LayerRows) -> LayerFields:
    rows = layer.get(role, []) if role else []
    if len(rows) != 1:
        return {}
    if rows[0].get("rms") is None or rows[0].get("mean") is None:
        return {"type": rows[0].type}
    return {"mean": rows[0].mean, "rms": rows[0].rms, "type": rows[0].type}


def _as_gain(by_layer: list[LayerFields]) -> GainSeries:
    types = tuple(fields.get("type") for fields in by_layer)
    return GainSeries(_column(by_layer, "mean"), _column(by_layer, "rms"), types)


def _head_norms(heads: Mapping[str, HeadTable], layers: Mapping[int, LayerRows]) -> dict[str, Floats]:
    """Tables of layers × heads, for the matrices whose heads are known on every layer."""
    head_norms, numbers = {}, sorted(layers)
    for matrix, role in _HEADS_OF.items():
        table = heads.get(role)
        if table is not None and set(numbers) <= set(table.layers) and "l2_norm" in table.fields:
            scales = [scale_of(_head_role(role, layers[number]), layers[number]) for number in numbers]
            norms = table.l2_norm[[table.layers.index(number) for number in numbers]]
            head_norms[matrix] = norms * np.array(scales)[:, None]
    return head_norms


def _head_role(role: str, layer: LayerRows) -> str:
    """The tensor that holds the heads of q, k or v."""
    return role if role in layer or FUSED_ATTENTION not in layer else FUSED_ATTENTION
