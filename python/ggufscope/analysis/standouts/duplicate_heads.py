"""Attention heads that compute the same as another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts import Found, Standout
from .alike import LEAST_COSINE
from .source import WEIGHTS

if TYPE_CHECKING:
    from .attention_heads import EqualHeads
    from .source import Weights

NAME = "duplicate_head"


@WEIGHTS.kind(
    NAME,
    "Duplicate heads",
    "Query heads of a layer with the same queries, keys and values, and key heads with the same keys and values: the"
    f" weights of each, behind the gains, have a cosine of {LEAST_COSINE} or more with those of another.",
)
def find(weights: Weights) -> Found:
    """Layer by layer."""
    groups = weights.heads.equal
    summary = None
    if len(groups) > 1:
        spare = sum(len(group.heads) - 1 for group in groups)
        summary = f"{spare} heads compute what another of their layer computes, in {len(groups)} groups."
    return Found([_standout(group) for group in groups], summary=summary)


def _standout(group: EqualHeads) -> Standout:
    first, second, *others = group.heads
    more = f" and {len(others)} more" if others else ""
    name, what = ("key head", "keys and values") if group.of_keys else ("head", "queries, keys and values")
    return Standout(
        kind=NAME,
        layer=group.layer,
        head=None if group.of_keys else first,
        place={"key_head": first, "other_key_head": second} if group.of_keys else {"other_head": second},
        value=group.cosine,
        compared=None,
        evidence={"heads": float(len(group.heads))},
        sentence=f"Layer {group.layer}: {name}s {first}, {second}{more} have the same {what}: the cosine of their"
        f" weights is {group.cosine:.6g} or more.",
    )
