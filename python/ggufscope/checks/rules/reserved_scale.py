"""Scale bytes that stand for NaN in their number format, and that ggml reads as something else without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import counted
from ..locating import place_of_block
from ..registry import Fault, rule
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts


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
        broken = each.reserved
        if broken is None:
            continue
        n_bytes = f"{counted(broken.n_bytes, 'scale byte')} for NaN, read as {broken.read_as}"
        place = place_of_block(each.tensor, broken.first, experts=broken.experts, count=broken.n_bytes)
        yield Fault(f"{n_bytes}{in_experts(each, broken.experts)}, first in block {broken.first}", place)
