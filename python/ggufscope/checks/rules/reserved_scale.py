"""Scale bytes that stand for NaN in their number format, and that ggml reads as something else without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arrays.arguments import describe_type
from ...text.numbers import counted
from ..locating import place_of_block
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...models.tensor import Tensor
    from ..facts import Facts


class _ScaleBytes(NamedTuple):
    """Scale bytes at the beginning of a block: their number, those that stand for NaN, and what ggml takes them for."""

    n_bytes: int
    reserved: tuple[int, ...]
    read_as: str


_FORMATS = {
    "MXFP4": _ScaleBytes(1, (0xFF,), "2^127"),
    "NVFP4": _ScaleBytes(4, (0x7F, 0xFF), "0"),
}
_CHUNK_ROWS = 1 << 14


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
    for each in facts.weights():
        scales = _FORMATS.get(each.tensor.type)
        found = None if scales is None else _find(each.tensor, scales)
        if scales is None or found is None:
            continue
        block, count = found
        sentence = f"{counted(count, 'scale byte')} for NaN, read as {scales.read_as}, in {each.tensor.name}"
        yield Fault(f"{sentence}, first in block {block}", place_of_block(each.tensor, block, count=count))


def _find(tensor: Tensor, scales: _ScaleBytes) -> tuple[int, int] | None:
    """The first block with such a byte, and the number of such bytes; None without any."""
    size = describe_type(tensor.type)["bytes_per_block"]
    rows = tensor.data.reshape(-1, tensor.data.shape[-1])
    first, count = None, 0
    for row in range(0, len(rows), _CHUNK_ROWS):
        blocks = rows[row : row + _CHUNK_ROWS].reshape(-1, size)
        hits = np.isin(blocks[:, : scales.n_bytes], scales.reserved)
        here = int(hits.sum())
        if here and first is None:
            first = row * rows.shape[1] // size + int(np.flatnonzero(hits.any(axis=1))[0])
        count += here
    return None if first is None else (first, count)
