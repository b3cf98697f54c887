"""Scale bytes that stand for NaN in their number format, and that ggml reads as something else without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arrays.arguments import describe_type
from ...text.numbers import counted
from ..locating import place_of_block
from ..registry import Fault, rule
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts


class _Broken(NamedTuple):
    """Where such bytes are: the first block, the experts, and how many bytes there are."""

    first: int
    experts: list[int]
    n_bytes: int


class _ScaleBytes(NamedTuple):
    """Scale bytes at the beginning of a block: their number, those that stand for NaN, and what ggml takes them for."""

    n_bytes: int
    reserved: tuple[int, ...]
    read_as: str


_FORMATS = {
    "MXFP4": _ScaleBytes(1, (0xFF,), "2^127"),
    "NVFP4": _ScaleBytes(4, (0x7F, 0xFF), "0 or 480"),
}
_CHUNK = 1 << 20  # blocks


@rule(
    "reserved-scale",
    "error",
    "scale bytes that stand for NaN in MXFP4 and NVFP4",
    reads="weights",
    why="E8M0 and E4M3, the formats of these scales, have bytes that stand for NaN. ggml decodes them to a finite"
    " number, so that nothing else notices: the weights of the block are zero, or beyond all measure.",
    remedy="Get the file again and compare its digest; if it is as published, convert it again from the original.",
)
def reserved_scale(facts: Facts) -> Iterator[Fault]:
    for each in facts.numbers():
        scales = _FORMATS.get(each.tensor.type)
        broken = None if scales is None else _find(each, scales)
        if scales is None or broken is None:
            continue
        n_bytes = f"{counted(broken.n_bytes, 'scale byte')} for NaN, read as {scales.read_as}"
        place = place_of_block(each.tensor, broken.first, experts=broken.experts, count=broken.n_bytes)
        yield Fault(f"{n_bytes}{in_experts(each, broken.experts)}, first in block {broken.first}", place)


def _find(facts: TensorFacts, scales: _ScaleBytes) -> _Broken | None:
    """The blocks with such a byte; None without any."""
    size = describe_type(facts.tensor.type)["bytes_per_block"]
    blocks = facts.tensor.data.reshape(-1, size)
    hits = [
        start + np.flatnonzero(np.isin(blocks[start : start + _CHUNK, : scales.n_bytes], scales.reserved).any(axis=1))
        for start in range(0, len(blocks), _CHUNK)
    ]
    broken = np.concatenate(hits) if hits else np.empty(0, np.int64)
    if broken.size == 0:
        return None
    per_expert = len(blocks) // len(facts.experts) if facts.experts else 1
    experts = np.unique(broken // per_expert).tolist() if facts.experts else []
    count = int(np.isin(blocks[broken, : scales.n_bytes], scales.reserved).sum())
    return _Broken(int(broken[0]), experts, count)
