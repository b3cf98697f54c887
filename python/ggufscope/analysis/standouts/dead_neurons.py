"""Neurons that can say nothing, by the norms of their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...runtime.standouts import Found, LayerSeries, Standout
from ...text.numbers import counted
from .neurons import DEAD, DeadNeuron
from .source import WEIGHTS

if TYPE_CHECKING:
    from .source import Weights

NAME = "dead_neuron"


@WEIGHTS.kind(
    NAME,
    "Dead neurons",
    "Neurons whose loudness, ‖g · gate row‖ · ‖g · up row‖ · ‖down column‖ with the gains g of the norm in front, is 0"
    f" or less than {DEAD:g} of the median of their layer; biases count with their rows.",
)
def find(weights: Weights) -> Found:
    """The quietest first."""
    search = weights.neurons
    series = {
        "quietest": LayerSeries("quietest, times the layer's median", search.quietest, logarithmic=True),
        "loudest": LayerSeries("loudest, times the layer's median", search.loudest, logarithmic=True),
    }
    items = [_standout(neuron) for neuron in search.dead]
    summary = None
    if search.n_dead > 1:
        layers = counted(len({neuron.layer for neuron in search.dead}), "layer")
        summary = f"{search.n_dead} of {search.n_neurons} neurons, in {layers}, are dead by the norms of their weights."
    return Found(items, series, summary, search.n_dead)


def _standout(neuron: DeadNeuron) -> Standout:
    place = {"neuron": neuron.neuron} | ({} if neuron.expert is None else {"expert": neuron.expert})
    share = neuron.loudness / neuron.median if neuron.median else 0.0
    where = f"Layer {neuron.layer}" + ("" if neuron.expert is None else f", expert {neuron.expert}")
    zero = [name for name, norm in neuron.norms.items() if norm == 0]
    reason = (
        f"its weights of {' and '.join(zero)} are all zero"
        if zero
        else (f"its loudness is {share:.2g} of the layer's median")
    )
    return Standout(
        kind=NAME,
        layer=neuron.layer,
        head=None,
        place=place,
        value=neuron.loudness,
        compared=share,
        evidence={f"{name}_norm": norm for name, norm in neuron.norms.items()},
        sentence=f"{where}, neuron {neuron.neuron} is dead: {reason}.",
    )
