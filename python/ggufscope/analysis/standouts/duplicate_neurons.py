"""Neurons that compute the same as another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts import Found, Standout
from .alike import LEAST_COSINE
from .source import WEIGHTS

if TYPE_CHECKING:
    from .neurons import EqualNeurons
    from .source import Weights

NAME = "duplicate_neuron"


@WEIGHTS.kind(
    NAME,
    "Duplicate neurons",
    "Neurons of a layer whose rows in the gate and in the up projection, behind the gains, both have a cosine of"
    f" {LEAST_COSINE} or more with those of another.",
)
def find(weights: Weights) -> Found:
    """The largest groups first."""
    groups = weights.neurons.equal
    summary = None
    if len(groups) > 1:
        spare = sum(len(group.neurons) - 1 for group in groups)
        summary = f"{spare} neurons compute what another of their layer computes, in {len(groups)} groups."
    return Found([_standout(group) for group in groups], summary=summary)


def _standout(group: EqualNeurons) -> Standout:
    first, second, *others = group.neurons
    where = f"Layer {group.layer}" + ("" if group.expert is None else f", expert {group.expert}")
    more = f" and {len(others)} more" if others else ""
    return Standout(
        kind=NAME,
        layer=group.layer,
        head=None,
        place={"neuron": first, "other_neuron": second} | ({} if group.expert is None else {"expert": group.expert}),
        value=group.cosine,
        compared=None,
        evidence={"neurons": float(len(group.neurons))},
        sentence=f"{where}: neurons {first}, {second}{more} compute the same: the cosine of their rows is"
        f" {group.cosine:.6g} or more.",
    )
