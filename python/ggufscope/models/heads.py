"""Which rows or columns of an attention tensor belong to which head.

    attn_q       rows     q0 q1 … q31                    head_count × key_length
    attn_k       rows     k0 … k7                        head_count_kv × key_length
    attn_v       rows     v0 … v7                        head_count_kv × value_length
    attn_qkv     rows     q0 … q31 | k0 … k7 | v0 … v7   all of these, if key and value heads are equally long
    attn_output  columns  0 … 31                         head_count × value_length

The numbers are metadata, so anything may stand there; they count only where they fit the tensor's shape. A layer with a
count of 0 has no attention; nor has one with a recurrent state heads in its `attn_qkv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from .metadata import as_count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .mapped import MappedModel

_METADATA_PREFIX = {None: "", "v": "vision.", "a": "audio."}
_OUTPUTS = {"attn_output", "attn_out", "attn_o"}
_ROLES = {"attn_q", "attn_k", "attn_v", "attn_qkv", *_OUTPUTS}
_MOST_HEADS = 4096  # of a tensor: beyond any model, and each costs memory


class PlacedTensor(Protocol):
    """The name, the place and the shape of a tensor, of which its heads follow."""

    name: str

    @property
    def layer(self) -> int | None: ...
    @property
    def role(self) -> str | None: ...
    @property
    def stack(self) -> str | None: ...
    @property
    def shape(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class HeadGroup:
    """Consecutive heads of one kind."""

    kind: Literal["q", "k", "v", "o"]
    n_heads: int
    first_head: int  # among all heads of the tensor


@dataclass(frozen=True)
class HeadGeometry:
    """Heads of equal size side by side along one axis of a tensor.

    Head i of the tensor has the rows (or columns) `i * size … (i + 1) * size − 1`.
    """

    axis: Literal["rows", "columns"]
    size: int
    groups: tuple[HeadGroup, ...]

    @property
    def n_heads(self) -> int:
        return sum(group.n_heads for group in self.groups)


def group_rows(model: MappedModel, tensor: PlacedTensor) -> int:
    """Rows of one head, or of gate or up in a tensor of both, as the engine groups them; 0 where there is neither."""
    geometry = heads(model, tensor)
    if geometry is not None and geometry.axis == "rows":
        return geometry.size
    return model.half_rows.get(tensor.name, 0)


def heads(model: MappedModel, tensor: PlacedTensor) -> HeadGeometry | None:
    """The heads of an attention weight; None for other tensors and where the metadata is missing or does not fit."""
    role = (tensor.role or "").removeprefix(f"{tensor.stack}.")
    if tensor.layer is None or len(tensor.shape) != 2 or role not in _ROLES:
        return None
    if role == "attn_qkv" and tensor.stack is None and tensor.layer in model.layers_with_state:
        return None
    rows, columns = tensor.shape
    lengths = list(_lengths(model, tensor))
    query, key_value = _counts(model, tensor)
    if 0 in {query, key_value}:
        return None
    if role in _OUTPUTS:
        return _first_fit("columns", columns, [(("o", query, value),) for _, value in lengths])
    layouts: dict[str, list[_Layout]] = {
        "attn_q": [(("q", query, key),) for key, _ in lengths],
        "attn_k": [(("k", key_value, key),) for key, _ in lengths],
        "attn_v": [(("v", key_value, value),) for _, value in lengths],
        "attn_qkv": [
            (("q", query, key), ("k", key_value, key), ("v", key_value, value))
            for key, value in lengths
            if key == value
        ],
    }
    return _first_fit("rows", rows, layouts[role])


_Layout = tuple[tuple[Literal["q", "k", "v", "o"], int | None, int | None], ...]  # kind, heads, length of a head


def _first_fit(axis: Literal["rows", "columns"], extent: int, layouts: list[_Layout]) -> HeadGeometry | None:
    for layout in layouts:
        groups: list[HeadGroup] = []
        sizes = [(n, length) for _, n, length in layout if n and length]
        if len(sizes) != len(layout) or sum(n * length for n, length in sizes) != extent:
            continue
        if sum(n for n, _ in sizes) > _MOST_HEADS:
            return None
        for (kind, _, _), (n, _) in zip(layout, sizes, strict=True):
            groups.append(HeadGroup(kind, n, sum(group.n_heads for group in groups)))
        return HeadGeometry(axis, sizes[0][1], tuple(groups))
    return None


def _counts(model: MappedModel, tensor: PlacedTensor) -> tuple[int | None, int | None]:
    """Query heads and key/value heads of the tensor's layer, 0 for none; as many of these as of those if not stated."""
    query = _number(model, tensor, "attention.head_count")
    stated = _key(model, tensor, "attention.head_count_kv") in model.metadata
    return query, _number(model, tensor, "attention.head_count_kv") if stated else query


def _lengths(model: MappedModel, tensor: PlacedTensor) -> Iterator[tuple[int | None, int | None]]:
    """Lengths of key and value heads, the likeliest first.

    Layers with a sliding window may have their own; without any, the heads share the embedding.
    """
    yield _number(model, tensor, "attention.key_length"), _number(model, tensor, "attention.value_length")
    yield _number(model, tensor, "attention.key_length_swa"), _number(model, tensor, "attention.value_length_swa")
    width, count = _number(model, tensor, "embedding_length"), _number(model, tensor, "attention.head_count")
    if width is not None and count and width % count == 0:
        yield width // count, width // count


def _number(model: MappedModel, tensor: PlacedTensor, key: str) -> int | None:
    """A whole number of the metadata, for the tensor's layer; None for anything else that stands there."""
    return as_count(model.of_layer(_key(model, tensor, key), tensor.layer))


def _key(model: MappedModel, tensor: PlacedTensor, key: str) -> str:
    return f"{model.architecture}.{_METADATA_PREFIX.get(tensor.stack, '')}{key}"
