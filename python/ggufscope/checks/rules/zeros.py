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
    why="A matrix of zeros inside a layer cuts that branch off: no trained model has one. Downloads that were"
    " preallocated and never filled look like this, and conversions that lost a tensor. Biases, and the table of token"
    " types of BERT models, may be zero: these are notes.",
    remedy="Get the file again and compare its digest, not its size.",
)
def zeros(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        if each.statistics.get("abs_max") == 0:
            severity: Severity = "error" if _must_hold(each) else "note"
            place = facts.at_tensor(each.tensor, count=each.tensor.n_elements)
            yield Fault(f"all zeros: {each.tensor.name}", place, severity)
            continue
        experts = [number for number, fields in enumerate(each.experts) if fields.get("abs_max") == 0]
        if experts:
            per_expert = each.tensor.n_elements // len(each.experts)
            place = facts.at_element(each.tensor, experts[0] * per_expert, experts=experts)
            yield Fault(f"all zeros{in_experts(each, experts)}", place)


def _must_hold(facts: TensorFacts) -> bool:
    """Whether it is a matrix or a gain that a layer, or the whole model, is made of."""
    tensor = facts.tensor
    if tensor.kind == "factor":
        return True
    if tensor.name.endswith(".bias") or tensor.role in {None, "token_types", "position_embd", "rope_freqs"}:
        return False
    return tensor.stack != NEXT_TOKENS and tensor.kind in {"matrix", "vector"}
