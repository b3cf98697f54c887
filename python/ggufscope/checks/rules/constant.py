"""Matrices whose weights are all one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import all_equal
from ..registry import Fault, rule
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts
    from ..findings import Severity


@rule(
    "constant",
    "error",
    "matrices of one number, again and again",
    reads="weights",
    from_statistics=True,
    why="A matrix of equal weights passes nothing on but a sum. It is what memory that was never written, or a"
    " conversion that lost a tensor, looks like. Outside of layers it is a note: small tables may be as they began.",
    remedy="Get the file again and compare its digest; if it is as published, convert it again from the original.",
)
def constant(facts: Facts) -> Iterator[Fault]:
    for each in facts.trained():
        if each.tensor.kind != "matrix" or min(each.tensor.shape) < _FEWEST:
            continue
        if not each.statistics.get("abs_max"):
            continue  # `zeros` tells of it
        if each.is_constant:
            value = each.statistics["min"]
            sentence = f"every weight is {value:.6g} in {each.tensor.name}"
            severity: Severity = "error" if each.is_of_layers or each.tensor.role in _TOKENS else "note"
            yield Fault(sentence, facts.at_tensor(each.tensor), severity)
            continue
        experts = [number for number, fields in enumerate(each.experts) if all_equal(fields) and fields["min"] != 0]
        if experts:
            per_expert = each.tensor.n_elements // len(each.experts)
            place = facts.at_element(each.tensor, experts[0] * per_expert, experts=experts)
            yield Fault(f"all weights equal{in_experts(each, experts)}", place)


_FEWEST = 2  # rows and columns: a matrix of one of them is a vector of gains, which may be equal


_TOKENS = {"token_embd", "output"}
