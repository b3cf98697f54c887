"""Scale bytes that stand for NaN in their number format, and that ggml reads as something else without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrays.arguments import describe_type

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
_CHUNK = 1 << 20  # blocks


def reserved_bytes(tensor: Tensor, n_experts: int) -> ReservedBytes | None:
    """The blocks with such a byte; None without any, and for types that have none.

    Args:
        tensor: where to look.
        n_experts: in it; 0 for a tensor that is one piece.
    """
    scales = RESERVED.get(tensor.type)
    if scales is None:
        return None
    size = describe_type(tensor.type)["bytes_per_block"]
    blocks = tensor.data.reshape(-1, size)
    hits = [
        start + np.flatnonzero(np.isin(blocks[start : start + _CHUNK, : scales.n_bytes], scales.reserved).any(axis=1))
        for start in range(0, len(blocks), _CHUNK)
    ]
    broken = np.concatenate(hits) if hits else np.empty(0, np.int64)
    if broken.size == 0:
        return None
    per_expert = len(blocks) // n_experts if n_experts else 1
    experts = np.unique(broken // per_expert).tolist() if n_experts else []
    count = int(np.isin(blocks[broken, : scales.n_bytes], scales.reserved).sum())
    return ReservedBytes(int(broken[0]), experts, count, scales.read_as)
