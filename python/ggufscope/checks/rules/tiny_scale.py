"""Scales so small that their format holds next to nothing of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.arguments import describe_type
from ...text.numbers import counted
from ..holes import touched
from ..locating import place_of_block
from ..pieces import pieces
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts

_FEW_BITS = 2.0**-20  # float16 holds what is not larger with four bits and fewer
_LEAST_NORMAL = 2.0**-126  # of float32
_OF_FLOAT16 = {
    "Q4_0": 1,
    "Q4_1": 1,
    "Q5_0": 1,
    "Q5_1": 1,
    "Q8_0": 1,
    "IQ4_NL": 1,
    "Q1_0": 1,
    "Q2_0": 1,
    "TQ1_0": 1,
    "TQ2_0": 1,
    "Q2_K": 15,
    "Q3_K": 32,
    "Q4_K": 63,
    "Q5_K": 63,
    "Q6_K": 128,
    "IQ4_XS": 32,
}  # fmt: skip  the largest number that the scale of a block is multiplied by for a part of it


@rule(
    "tiny-scale",
    "note",
    "scales that are subnormal numbers of their format",
    reads="weights",
    why="float16 holds numbers under 1e-6 with four bits and fewer: where all scales of a matrix are so small, its"
    " weights are off by several per cent, and a runtime that takes subnormal numbers for zero has a matrix of zeros."
    " The smallest scales of MXFP4 make weights that are subnormal in float32, which no quantizer gives: a warning.",
    remedy="Quantize the original again, in a type of wider scales, or compare the digest with the published one.",
)
def tiny_scale(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        low, high = each.statistics.get("block_scale_min"), each.statistics.get("block_scale_max")
        if low is None or high is None:
            continue
        largest = max(abs(low), abs(high))
        if 0 < largest <= _OF_FLOAT16.get(each.tensor.type, 0) * _FEW_BITS:
            sentence = f"no scale is larger than {largest:.3g}, of which float16 holds few bits, in {each.tensor.name}"
            yield Fault(sentence, facts.at_tensor(each.tensor))
        if each.tensor.type == "MXFP4" and low < _LEAST_NORMAL:
            yield from _subnormal_blocks(each)


def _subnormal_blocks(facts: TensorFacts) -> Iterator[Fault]:
    """Blocks of MXFP4 of one of the two smallest scales whose codes are not all zero; of -0 the upper bit is set."""
    size = int(describe_type("MXFP4")["bytes_per_block"])
    broken: list[int] = []
    for begin, piece in pieces(facts.tensor, size):
        blocks = piece.reshape(-1, size)
        hits = (blocks[:, 0] <= 1) & (blocks[:, 1:] & 0x77).any(axis=1)
        places = begin // size + np.flatnonzero(hits)
        broken += places[~touched(facts.holes, places, size)].tolist()
    if broken:
        sentence = f"{counted(len(broken), 'block')} of subnormal weights in {facts.tensor.name}, first block"
        yield Fault(f"{sentence} {broken[0]}", place_of_block(facts.tensor, broken[0], count=len(broken)), "warning")
