"""Neurons that read the same directions as another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts import Findings, Standout
from .alike import LEAST_COSINE, in_words
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
def find(weights: Weights) -> Findings:
    """The largest groups first."""
    groups = weights.neurons.equal
    summary = None
    if len(groups) > 1:
        spare = sum(len(group.neurons) - 1 for group in groups)
        summary = f"{spare} neurons read the directions of another of their layer, in {len(groups)} groups."
    return Findings([_standout(group) for group in groups], summary=summary)


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
        sentence=f"{where}: neurons {first}, {second}{more} read the same directions: the cosine of their"
        f" rows is {in_words(group.cosine)}.",
    )
