"""Factors without the matrix that they belong to, and factors that are zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...models.factors import INPUT_SUFFIXES, SUFFIXES, passed_over, scales_inputs
from ...text.numbers import counted
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts
    from ..findings import Severity

_GAINS = (".ffn_gate_inp.scale",)


@rule(
    "factors",
    "error",
    "factors without their matrix, or that are zero",
    reads="weights",
    why="NVFP4 and BitNet files keep the size of a matrix in a `.scale` beside it. Without the matrix it is a leftover"
    " of a lost tensor, or a name that no reader finds, which is a warning; a zero makes the matrix one of zeros.",
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
    grids = {tensor.factor.tensor.index for tensor in tensors.values() if tensor.factor and tensor.factor.grid}
    for each in facts.numbers():
        if each.tensor.kind != "factor":
            continue
        zeros = np.flatnonzero(each.tensor.dequantize(threads=facts.threads).reshape(-1) == 0)
        if zeros.size:
            # Nothing but kernels that quantize what goes into a matrix reads a factor of that; and a block of zeros may
            # have a factor of zero.
            of_blocks = each.tensor.index in grids
            severity: Severity | None = "warning" if scales_inputs(each.tensor) or of_blocks else None
            place = facts.at_element(each.tensor, int(zeros[0]), count=int(zeros.size))
            yield Fault(f"{counted(int(zeros.size), 'factor')} of zero in {each.tensor.name}", place, severity)
