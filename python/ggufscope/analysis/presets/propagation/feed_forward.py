"""The FFN of one layer, dense or a mixture of experts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.family import SWIGLU_OAI_LIMIT
from ....architecture.limits import NotApplicableError
from ....architecture.parts import Mixture
from ....arrays.workers import in_order, slices
from .kernels import ACTIVATIONS, gated_moments, gauss_hermite, near_zero_shares, normal_cells
from .matrices import covariance, mapped
from .moments import Moments
from .routing import router_weights, weighted

if TYPE_CHECKING:
    from ....architecture.family import Activation
    from ....architecture.parts import Expert, FeedForward, SharedExpert
    from ....arrays.floats import Floats

_NEAR_ZERO = 0.1  # of the rms
_FEW_CLAMPED, _MOST_CLAMPED = 2.5, 0.01  # standard deviations to the clamp, and the share of neurons that may be nearer
_NODES, _WEIGHTS = gauss_hermite(64)
# Without a gate nothing blurs the edge of the near-zero region, and the cells must be fine.
_CELLS, _FINE_CELLS = normal_cells(256), normal_cells(1024)


@dataclass(frozen=True)
class FeedForwardScores:
    """The predictions for the FFN of one layer; what is of neurons is of those of all experts together.

    Attributes:
        output: moments of the FFN's result.
        projections: role (`"gate"`, `"up"`) → moments of what it gives.
        hidden: moments of h, see `Propagation`.
        near_zero_share: of h, (populations,).
        spread: std over experts of the rms of their outputs relative to its mean, (populations,); None without experts.
    """

    output: Moments
    projections: dict[str, Moments]
    hidden: Moments
    near_zero_share: Floats
    spread: Floats | None


def feed_forward(
    weights: FeedForward, inputs: Moments, threads: int, seed: int = 0, limits: Floats | None = None
) -> FeedForwardScores:
    """The FFN on tokens whose normed stream has the moments `inputs`, (populations, channels).

    Args:
        weights: of the layer.
        inputs: what the FFN reads.
        threads: at most so many.
        seed: of a router's draws.
        limits: (populations, neurons) or (populations, 1), the largest rms of h that is believed of a neuron: one that
            exceeds it is scaled down to it. None: all are.
    """
    activation = ACTIVATIONS[weights.activation]
    experts = weights.experts if isinstance(weights, Mixture) else [weights.expert]
    neurons = [_pre_activations(expert, weights.activation, inputs, threads) for expert in experts]
    gated = experts[0].gate is not None
    projections = _projections(np.concatenate(neurons, axis=2), weights.activation, gated=gated)
    hidden = [_hidden(pre_activations, activation, threads) for pre_activations in neurons]
    if limits is not None:
        believed = [_limited(pre, h, limits) for pre, h in zip(neurons, hidden, strict=True)]
        neurons, hidden = [pre for pre, _ in believed], [h for _, h in believed]
    outputs = [mapped(expert.down, h, threads) for expert, h in zip(experts, hidden, strict=True)]
    every = Moments(
        np.concatenate([h.mean for h in hidden], axis=1), np.concatenate([h.variance for h in hidden], axis=1)
    )
    pre_activations = np.concatenate(neurons, axis=2)
    return FeedForwardScores(
        output=_combined(weights, outputs, inputs, seed, threads),
        projections=projections,
        hidden=every,
        near_zero_share=_near_zero_shares(pre_activations, activation, _NEAR_ZERO * every.rms, gated, threads),
        spread=_spread(outputs),
    )


def _limited(neurons: Floats, hidden: Moments, limits: Floats) -> tuple[Floats, Moments]:
    """Neurons whose h exceeds its limit scaled down to it, by a factor of what their activation is multiplied with."""
    square = np.square(hidden.mean) + hidden.variance
    limit = np.broadcast_to(limits, square.shape)
    factor = np.ones_like(square)
    np.divide(limit, np.sqrt(square), out=factor, where=square > np.square(limit))
    scaled = neurons * np.stack([np.ones_like(factor), np.ones_like(factor), factor, np.square(factor), factor])
    return scaled, Moments(hidden.mean * factor, hidden.variance * np.square(factor))


def _combined(weights: FeedForward, outputs: list[Moments], inputs: Moments, seed: int, threads: int) -> Moments:
    """Moments of what the FFN gives: its one output, or what experts give by their weights, and the shared one."""
    if not isinstance(weights, Mixture):
        return outputs[0]
    by_population = zip(*(output.each() for output in outputs), strict=True)
    routed = Moments.stacked(
        [
            weighted(list(of_experts), router_weights(weights.router, own, seed))
            for of_experts, own in zip(by_population, inputs.each(), strict=True)
        ]
    )
    return routed if weights.shared is None else routed + _shared(weights.shared, weights.activation, inputs, threads)


def _shared(shared: SharedExpert, activation: Activation, inputs: Moments, threads: int) -> Moments:
    """Moments of the shared expert's output, times the sigmoid of its gate as if that were independent."""
    neurons = _pre_activations(shared.expert, activation, inputs, threads)
    output = mapped(shared.expert.down, _hidden(neurons, ACTIVATIONS[activation], threads), threads)
    if shared.gate is None:
        return output
    gate = mapped(shared.gate, inputs, threads)  # one row: (populations, 1)
    values = 1 / (1 + np.exp(-(gate.mean + np.sqrt(gate.variance) * _NODES)))
    first, second = (powers @ _WEIGHTS for powers in (values, values**2))
    square = second[:, None] * (output.variance + np.square(output.mean))
    mean = first[:, None] * output.mean
    return Moments(mean, square - np.square(mean))


def _pre_activations(expert: Expert, activation: Activation, inputs: Moments, threads: int) -> Floats:
    """(5, populations, neurons), as `gated_moments` takes them.

    Raises:
        NotApplicableError: gpt-oss's product clamps the up projection, which is left out here, and it would matter.
    """
    up = mapped(expert.up, inputs, threads)
    if expert.gate is None:
        zero = np.zeros_like(up.mean)
        return np.stack([up.mean, up.variance, zero + 1, zero, zero])
    gate = mapped(expert.gate, inputs, threads)
    both = covariance(expert.gate, expert.up, inputs.variance, threads)
    if activation == "swiglu_oai":
        _require_unclamped(up)
        up = Moments(up.mean + 1, up.variance)
    return np.stack([gate.mean, gate.variance, up.mean, up.variance, both])


def _require_unclamped(up: Moments) -> None:
    distance = (SWIGLU_OAI_LIMIT - np.abs(up.mean)) / np.sqrt(np.maximum(up.variance, 1e-300))
    if (distance < _FEW_CLAMPED).mean() > _MOST_CLAMPED:
        raise NotApplicableError("the up projection goes beyond its clamp of ±7, which there is no formula for")


def _projections(neurons: Floats, activation: Activation, *, gated: bool) -> dict[str, Moments]:
    first = Moments(neurons[0], neurons[1])
    if not gated:
        return {"up": first}
    added = 1 if activation == "swiglu_oai" else 0  # by the product, not by the projection
    return {"gate": first, "up": Moments(neurons[2] - added, neurons[3])}


def _hidden(neurons: Floats, activation: int, threads: int) -> Moments:
    shape = neurons.shape[1:]
    flat = neurons.reshape(len(neurons), -1)

    def integrate(part: slice) -> tuple[Floats, Floats]:
        return gated_moments(np.ascontiguousarray(flat[:, part]), activation, _NODES, _WEIGHTS)

    means, variances = zip(*in_order(integrate, slices(flat.shape[1], threads), threads), strict=True)
    return Moments(np.concatenate(means).reshape(shape), np.concatenate(variances).reshape(shape))


def _near_zero_shares(neurons: Floats, activation: int, thresholds: Floats, gated: bool, threads: int) -> Floats:
    """(populations,), by the thresholds of each."""
    points, masses = _CELLS if gated else _FINE_CELLS
    parts = [(population, part) for population in range(len(thresholds)) for part in slices(neurons.shape[2], threads)]

    def integrate(place: tuple[int, slice]) -> Floats:
        population, part = place
        own = np.ascontiguousarray(neurons[:, population, part])
        return near_zero_shares(own, activation, float(thresholds[population]), points, masses)

    shares = np.concatenate(in_order(integrate, parts, threads)).reshape(len(thresholds), -1)
    return np.asarray(shares.mean(axis=1))


def _spread(outputs: list[Moments]) -> Floats | None:
    if len(outputs) == 1:
        return None
    sizes = np.stack([output.rms for output in outputs])
    mean = sizes.mean(axis=0)
    spread: Floats = np.divide(sizes.std(axis=0), mean, out=np.full_like(mean, np.nan), where=mean > 0)
    return spread
