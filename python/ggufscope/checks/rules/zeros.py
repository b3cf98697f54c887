"""Tensors and experts in which every weight is zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.roles import NEXT_TOKENS
from ..registry import Fault, rule
from ..wording import in_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts
    from ..findings import Severity


@rule(
    "zeros",
    "error",
    "tensors and experts of nothing but zeros",
    reads="weights",
    from_statistics=True,
    why="A matrix of zeros inside a layer cuts that branch off: no trained model has one. Downloads that were"
    " preallocated and never filled look like this, and conversions that lost a tensor. Biases, tables of"
    " positions and of BERT's token types, and what is no part of a layer may be zero: these are notes.",
    remedy="Get the file again and compare its digest, not its size.",
)
def zeros(facts: Facts) -> Iterator[Fault]:
    for each in facts.trained():
        if each.tensor.kind == "factor":
            continue  # `factors` tells of a zero there
        if each.statistics.get("abs_max") == 0:
            severity: Severity = "error" if _must_hold(each) else "note"
            place = facts.at_tensor(each.tensor, count=each.tensor.n_elements)
            yield Fault(f"all zeros: {each.tensor.name}", place, severity)
            continue
        experts = [number for number, zero in enumerate(each.zero_experts) if zero]
        if experts:
            per_expert = each.tensor.n_elements // len(each.experts)
            place = facts.at_element(each.tensor, experts[0] * per_expert, experts=experts)
            yield Fault(f"all zeros{in_experts(each, experts)}", place)


_TABLES = ("token_types", "position_embd", "rel_b")  # that may be zero: nothing was learnt of types or positions


def _must_hold(facts: TensorFacts) -> bool:
    """Whether it is a matrix of a layer, a gain, or the table of tokens: what a model cannot do without."""
    tensor = facts.tensor
    if tensor.stack == NEXT_TOKENS or tensor.role is None or tensor.role.endswith(_TABLES):
        return False
    gain = tensor.kind == "vector" and tensor.name.endswith("norm.weight")
    return facts.is_of_layers or gain or tensor.role in {"token_embd", "output"}
