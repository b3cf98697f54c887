"""A mixture of experts: each expert that a token of the batch chose is decoded once, for all its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .....architecture.routing import choose
from ..activations import combine_all, sigmoid
from ..norms import normed
from ..tiles import product

if TYPE_CHECKING:
    import numpy.typing as npt

    from .....architecture.parts import Expert, Mixture, SharedExpert
    from ....shape import Array
    from ..layer_pass import LayerPass


def mixture(weights: Mixture, x: Array, run: LayerPass) -> Array:
    """The addition to the residual stream, in front of norms, for x that the FFN reads; float32 (tokens, width)."""
    read = x if weights.norms is None else normed(x, weights.norms.before)
    run.take("ffn_norm", read)
    routed = read if weights.router.norm is None else normed(x, weights.router.norm)
    choice = choose(weights.router, product(weights.router.weights, routed, run.workers))
    run.take_experts(choice.experts, choice.weights)
    captured = _Captured(weights, choice.experts) if run.batch.recorder is not None else None
    result = np.zeros_like(x)
    for number in np.unique(choice.experts):
        tokens, slots = np.nonzero(choice.experts == number)
        expert = weights.experts[number]
        output = _expert(expert, weights, read[tokens], run, None if captured is None else captured.at(tokens, slots))
        result[tokens] += output * choice.weights[tokens, slots][:, None]
    if captured is not None:
        captured.hand_over(run)
    if weights.norms is not None:
        result = normed(result, weights.norms.behind)
    if weights.shared is not None:
        result += _shared(weights.shared, weights, x, run)
    return result


def _expert(expert: Expert, weights: Mixture, x: Array, run: LayerPass, captured: _Place | None) -> Array:
    """The output of one expert, of the tokens that chose it."""
    up = product(expert.up, x, run.workers)
    gate = None if expert.gate is None else product(expert.gate, x, run.workers)
    if captured is not None:
        captured.keep(gate=gate, up=up)
    hidden = combine_all(gate, up, weights.activation, run.workers)
    if captured is not None:
        captured.keep(gated=hidden)
    return product(expert.down, hidden, run.workers)


def _shared(shared: SharedExpert, weights: Mixture, x: Array, run: LayerPass) -> Array:
    read = x if shared.norms is None else normed(x, shared.norms.before)
    output = _expert(shared.expert, weights, read, run, None)
    if shared.gate is not None:
        output *= sigmoid(product(shared.gate, x, run.workers))
    if shared.norms is not None:
        output = normed(output, shared.norms.behind)
    return output


class _Captured:
    """Activations inside the chosen experts: float32 (tokens, used, neurons) of each point, best expert first."""

    def __init__(self, weights: Mixture, experts: npt.NDArray[np.int64]) -> None:
        first = weights.experts[0]
        points = ("up", "gated") if first.gate is None else ("gate", "up", "gated")
        self._points = {point: np.empty((*experts.shape, first.up.n_rows), np.float32) for point in points}

    def at(self, tokens: npt.NDArray[np.int64], slots: npt.NDArray[np.int64]) -> _Place:
        return _Place(self._points, tokens, slots)

    def hand_over(self, run: LayerPass) -> None:
        for point, values in self._points.items():
            run.take(point, values.reshape(len(values), -1))


class _Place:
    """Where the activations of one expert belong."""

    def __init__(self, points: dict[str, Array], tokens: npt.NDArray[np.int64], slots: npt.NDArray[np.int64]) -> None:
        self._points = points
        self._where = tokens, slots

    def keep(self, **values: Array | None) -> None:
        for point, rows in values.items():
            if rows is not None:
                self._points[point][self._where] = rows
