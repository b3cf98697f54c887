"""Magnitudes that float16, to which runtimes convert, cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..locating import first_element, indices
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ..facts import Facts

_LARGEST = 65504.0  # of float16
_WIDER = {"F32", "F64", "BF16"}


@rule(
    "float16",
    "warning",
    "weights beyond float16, to which some runtimes convert",
    reads="weights",
    why="Weights stored as float32 or bfloat16 reach beyond 65504; a runtime that converts them to float16 makes them"
    " infinite. It is not judged whether activations overflow.",
    remedy="Run the model where weights stay bfloat16 or float32.",
)
def float16(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        largest = each.statistics.get("abs_max")
        if each.tensor.type not in _WIDER or each.tensor.kind != "matrix" or largest is None or largest <= _LARGEST:
            continue
        element = first_element(each.tensor, _beyond, facts.threads)
        if element is not None:
            sentence = f"|w| up to {largest:.4g}, more than float16 holds, in {each.tensor.name}"
            place = facts.at_element(each.tensor, element)
            yield Fault(f"{sentence}, first at {indices(each.tensor, element)}", place)


def _beyond(values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    return np.isfinite(values) & (np.abs(values) > _LARGEST)
