"""Negative scales in types whose quantizer never makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays.arguments import describe_type
from ...text.numbers import counted
from ..locating import place_of_block
from ..pieces import pieces
from ..registry import Fault, rule
from ..scales import first_block
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..facts import Facts, TensorFacts

# Types with a scale that is a range, or the largest magnitude, over a positive number. In others the sign of the
# scale is the sign of the largest weight.
_POSITIVE = frozenset({"Q4_1", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q4_K", "Q5_K", "TQ1_0", "TQ2_0"})


@rule(
    "negative-scale",
    "warning",
    "negative scales in types that have none",
    reads="weights",
    why="The scale of such a type is the range of a block's weights, or their largest magnitude, over a positive"
    " number, and so never negative: a sign bit flipped, or a quantizer of its own kind wrote the file.",
    remedy="Compare the digest of the file with the published one.",
)
def negative_scale(facts: Facts) -> Iterator[Fault]:
    for each in facts.numbers():
        if each.tensor.type == "NVFP4":
            yield from _signed_bytes(each)
        lowest = each.statistics.get("block_scale_min")
        if each.tensor.type not in _POSITIVE or lowest is None or lowest >= 0:
            continue
        experts = [number for number, fields in enumerate(each.experts) if _negative(fields)]
        sentence = f"negative scales{in_experts(each, experts)}, the lowest {lowest:.3g}"
        if facts.model.byte_order == "big":  # whose blocks are observed through the file alone
            yield Fault(sentence, facts.at_tensor(each.tensor, experts=experts))
            continue
        block = first_block(each.tensor, _negative, facts.threads)
        yield Fault(f"{sentence}, first in block {block}", place_of_block(each.tensor, block, experts=experts))


def _negative(fields: Mapping[str, Any]) -> bool:
    return (fields.get("block_scale_min") or 0) < 0


def _signed_bytes(facts: TensorFacts) -> Iterator[Fault]:
    """Scales of NVFP4 with the bit of a sign, which ggml does not read; 0xFF is NaN, and `reserved-scale` finds it."""
    size = int(describe_type("NVFP4")["bytes_per_block"])
    broken = []
    for begin, piece in pieces(facts.tensor, size):
        scales = piece.reshape(-1, size)[:, :4]
        broken += (begin // size + np.flatnonzero(((scales > 0x7F) & (scales != 0xFF)).any(axis=1))).tolist()
    if broken:
        sentence = f"{counted(len(broken), 'block')} with negative scales in {facts.tensor.name}"
        place = place_of_block(facts.tensor, broken[0], count=len(broken))
        yield Fault(f"{sentence}, first in block {broken[0]}", place)
