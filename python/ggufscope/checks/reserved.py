"""Scale bytes that stand for NaN in their number format, and that ggml reads as something else without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrays.arguments import describe_type
from .pieces import pieces

if TYPE_CHECKING:
    from ..models.tensor import Tensor


class ReservedBytes(NamedTuple):
    """Where such bytes are: the first block, the experts, how many there are, and what ggml takes them for."""

    first: int
    experts: list[int]
    n_bytes: int
    read_as: str


class _ScaleBytes(NamedTuple):
    """Scale bytes at the beginning of a block: their number, those that stand for NaN, and what ggml takes them for."""

    n_bytes: int
    reserved: tuple[int, ...]
    read_as: str


RESERVED = {
    "MXFP4": _ScaleBytes(1, (0xFF,), "2^127"),
    "NVFP4": _ScaleBytes(4, (0x7F, 0xFF), "0 or 480"),
}


def reserved_bytes(tensor: Tensor, n_experts: int) -> ReservedBytes | None:
    """The blocks with such a byte; None without any, and for types that have none.

    Args:
        tensor: where to look.
        n_experts: in it; 0 for a tensor that is one piece.
    """
    scales = RESERVED.get(tensor.type)
    if scales is None:
        return None
    size = int(describe_type(tensor.type)["bytes_per_block"])
    first, n_bytes, experts = None, 0, set[int]()
    per_expert = tensor.n_bytes // size // max(1, n_experts)
    for begin, piece in pieces(tensor, size):
        hits = np.isin(piece.reshape(-1, size)[:, : scales.n_bytes], scales.reserved)
        if not hits.any():
            continue
        blocks = begin // size + np.flatnonzero(hits.any(axis=1))
        first = int(blocks[0]) if first is None else first
        n_bytes += int(hits.sum())
        experts.update((blocks // per_expert).tolist() if n_experts else ())
    return None if first is None else ReservedBytes(first, sorted(experts), n_bytes, scales.read_as)
