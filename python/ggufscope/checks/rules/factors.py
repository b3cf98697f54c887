"""Factors without the matrix that they belong to, and factors that are no numbers to multiply by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...models.factors import INPUT_SUFFIXES, SUFFIXES, passed_over
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts

_GAINS = (".ffn_gate_inp.scale",)


@rule(
    "factors",
    "error",
    "factors without their matrix, or that are zero or no numbers",
    reads="structure",
    why="NVFP4 and BitNet files keep the size of a matrix in a `.scale` beside it. Without the matrix it is a leftover"
    " of a lost tensor; zero, NaN or infinite, it makes the matrix so.",
    remedy="Convert again.",
)
def factors(facts: Facts) -> Iterator[Fault]:
    tensors = facts.model.tensors
    for name, tensor in tensors.items():
        suffix = next((each for each in (*SUFFIXES, *INPUT_SUFFIXES) if name.endswith(each)), None)
        if suffix is None or name.endswith(_GAINS) or tensor.layer is None:
            continue
        stem = name.removesuffix(suffix).removesuffix(".weight")
        if not any(other.startswith(f"{stem}.") and other != name and ".scale" not in other for other in tensors):
            yield Fault(f"{name} is a factor of nothing: there is no {stem}.weight", facts.at_tensor(tensor), "warning")
    for tensor in passed_over(tensors):
        sentence = f"{tensor.name} has {tensor.n_elements} numbers, and no matrix that they fit"
        yield Fault(sentence, facts.at_tensor(tensor), "warning")
    for tensor in tensors.values():
        values = None if tensor.factor is None else tensor.factor.values()
        if values is not None and not (np.isfinite(values).all() and values.all()):
            place = facts.at_tensor(tensor)
            yield Fault(f"a factor beside {tensor.name} is zero or no number", place)
