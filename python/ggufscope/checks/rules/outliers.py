"""Rows and columns of a matrix that are far larger than the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Fault, rule
from .float16 import holds_beyond_float16

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts
    from ..norms import Largest

_FAR = 100.0  # robust standard deviations
_TIMES = 20.0  # the median
_MAD = 1.4826  # of a Gaussian's standard deviation in its median absolute deviation


@rule(
    "outlier-rows",
    "note",
    "rows or columns far larger than the others",
    reads="weights",
    why="Trained models have a few channels of great size (massive activations live there), so this is a note; but one"
    " row out of thousands that is a hundred deviations off may also be a flipped bit in a scale.",
    remedy="Look at the row: `ggufscope profile --tensors NAME`, and compare the digest of the file.",
)
def outlier_rows(facts: Facts) -> Iterator[Fault]:
    for each in facts.trained():
        if not each.is_of_layers or each.reserved is not None or holds_beyond_float16(each):
            continue  # rules of their own tell of those
        for largest, noun in ((each.norms.row, "row"), (each.norms.column, "column")):
            if largest is None or not _is_far_out(largest):
                continue
            place, times = largest.place, largest.norm / largest.median
            sentence = f"{noun} {place} of {each.tensor.name} is {times:.3g} times as large as the median {noun}"
            element = place * each.tensor.shape[-1] if noun == "row" else place
            yield Fault(sentence, facts.at_element(each.tensor, element))


def _is_far_out(largest: Largest) -> bool:
    far = largest.norm - largest.median > _FAR * _MAD * largest.deviation
    return largest.median > 0 and far and largest.norm > _TIMES * largest.median
