"""Matrices whose weights are all one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Fault, rule
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ..facts import Facts


@rule(
    "constant",
    "error",
    "matrices of one number, again and again",
    reads="weights",
    why="A matrix of equal weights passes nothing on but a sum. It is what memory that was never written, or a"
    " conversion that lost a tensor, looks like.",
    remedy="Get the file again and compare its digest; if it is as published, convert it again from the original.",
)
def constant(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        if each.tensor.kind != "matrix" or each.tensor.n_elements < _FEWEST:
            continue
        if _is_constant(each.statistics):
            value = each.statistics["min"]
            yield Fault(f"every weight is {value:.6g} in {each.tensor.name}", facts.at_tensor(each.tensor))
            continue
        experts = [number for number, fields in enumerate(each.experts) if _is_constant(fields)]
        if experts:
            per_expert = each.tensor.n_elements // len(each.experts)
            place = facts.at_element(each.tensor, experts[0] * per_expert, experts=experts)
            yield Fault(f"all weights equal{in_experts(each, experts)}", place)


_FEWEST = 32  # weights of a matrix that is judged


def _is_constant(fields: Mapping[str, Any]) -> bool:
    low, high = fields.get("min"), fields.get("max")
    return low is not None and low == high and low != 0
