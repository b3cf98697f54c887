"""Magnitudes that float16, to which runtimes convert, cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..locating import first_at
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ..facts import Facts, TensorFacts

_LARGEST = 65504.0  # of float16
_SMALLEST = 2.0**-25  # what is not larger becomes zero
_WIDER = {"F32", "F64", "BF16"}


@rule(
    "float16",
    "warning",
    "weights that float16, to which some runtimes convert, cannot hold",
    reads="weights",
    from_statistics=True,
    why="A runtime that converts float32 or bfloat16 to float16 makes weights beyond 65504 infinite, and a matrix of"
    " weights under 3e-8 one of zeros. It is not judged whether activations overflow.",
    remedy="Run the model where weights stay bfloat16 or float32.",
)
def float16(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        largest = each.statistics.get("abs_max")
        if each.tensor.type not in _WIDER or each.tensor.kind != "matrix" or not largest:
            continue
        if largest <= _SMALLEST and not each.is_constant:
            sentence = f"no |w| is larger than {largest:.3g}, which float16 takes for zero, in {each.tensor.name}"
            yield Fault(sentence, facts.at_tensor(each.tensor))
        if not holds_beyond_float16(each):
            continue
        element = facts.first_element(each, _beyond)
        sentence = f"|w| up to {largest:.4g}, more than float16 holds, in {each.tensor.name}"
        yield Fault(f"{sentence}{first_at(each.tensor, element)}", facts.at_element(each.tensor, element))


def holds_beyond_float16(facts: TensorFacts) -> bool:
    """Whether a matrix has weights that float16 cannot hold."""
    return facts.tensor.type in _WIDER and (facts.statistics.get("abs_max") or 0) > _LARGEST


def _beyond(values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    return np.isfinite(values) & (np.abs(values) > _LARGEST)
