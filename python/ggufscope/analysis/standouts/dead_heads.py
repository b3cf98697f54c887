"""Attention heads that can write nothing, by the norms of their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts import Found, Standout
from .neurons import DEAD
from .source import WEIGHTS

if TYPE_CHECKING:
    from .attention_heads import DeadHead
    from .source import Weights

NAME = "dead_head"


@WEIGHTS.kind(
    NAME,
    "Dead heads",
    f"Query heads whose ‖g · W_v‖ · ‖W_o‖ is 0 or less than {DEAD:g} of the median of their layer; W_v is that of the"
    " key head that they read.",
)
def find(weights: Weights) -> Found:
    """Layer by layer."""
    search = weights.heads
    summary = None
    if len(search.dead) > 1:
        summary = f"{len(search.dead)} of {search.n_heads} heads are dead by the norms of their weights."
    return Found([_standout(head) for head in search.dead], summary=summary)


def _standout(head: DeadHead) -> Standout:
    share = head.loudness / head.median if head.median else 0.0
    zero = [f"W_{name}" for name, norm in head.norms.items() if norm == 0]
    reason = (
        f"its part of {' and '.join(zero)} is all zero"
        if zero
        else (f"‖W_v‖ · ‖W_o‖ is {share:.2g} of the layer's median")
    )
    return Standout(
        kind=NAME,
        layer=head.layer,
        head=head.head,
        place={},
        value=head.loudness,
        compared=share,
        evidence={f"{name}_norm": norm for name, norm in head.norms.items()},
        sentence=f"Layer {head.layer}, head {head.head} is dead: {reason}.",
    )
