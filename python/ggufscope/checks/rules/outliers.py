"""Rows and columns of a matrix that are far larger than the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...arrays.floats import Floats
    from ..facts import Facts

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
        if not each.is_of_layers:
            continue
        for field, noun in (("row_l2", "row"), ("column_l2", "column")):
            norms = each.norms(field)
            place = None if norms is None else _farthest(norms)
            if place is None or norms is None:
                continue
            times = float(norms[place] / np.median(norms))
            sentence = f"{noun} {place} of {each.tensor.name} is {times:.3g} times as large as the median {noun}"
            element = place * each.tensor.shape[-1] if noun == "row" else place
            yield Fault(sentence, facts.at_element(each.tensor, element))


def _farthest(norms: Floats) -> int | None:
    """The largest norm, where it is far out."""
    if norms.size < 8 or not np.isfinite(norms).all():  # too few to say what is usual, or told of by other rules
        return None
    median = float(np.median(norms))
    spread = _MAD * float(np.median(np.abs(norms - median)))
    largest = int(np.argmax(norms))
    far = norms[largest] - median > _FAR * spread and norms[largest] > _TIMES * median
    return largest if median > 0 and far else None
