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
    """The predictions for the FFN of one layer; figures of neurons are over those of all experts together.

    Attributes:
        output: moments of the FFN's result.
        std: role (`"gate"`, `"up"`) → std over neurons and tokens.
        mean, hidden_std, near_zero_share: of h, see `Propagation`.
        spread: std over experts of the rms of their outputs relative to its mean; None without experts.
    """

    output: Moments
    std: dict[str, float]
    mean: float
    hidden_std: float
    near_zero_share: float
    spread: float | None


def feed_forward(weights: FeedForward, inputs: Moments, threads: int, seed: int = 0) -> FeedForwardScores:
    """The FFN on tokens whose normed stream has the moments `inputs`; `seed` is that of a router's draws."""
    activation = ACTIVATIONS[weights.activation]
    experts = weights.experts if isinstance(weights, Mixture) else [weights.expert]
    neurons = [_pre_activations(expert, weights.activation, inputs, threads) for expert in experts]
    hidden = [_hidden(pre_activations, activation, threads) for pre_activations in neurons]
    outputs = [mapped(expert.down, h, threads) for expert, h in zip(experts, hidden, strict=True)]
    gated = experts[0].gate is not None
    every = np.concatenate(neurons, axis=1)
    means, variances = zip(*((h.mean, h.variance) for h in hidden), strict=True)
    all_hidden = Moments(np.concatenate(means), np.concatenate(variances))
    return FeedForwardScores(
        output=_combined(weights, outputs, inputs, seed, threads),
        std=_pre_activation_std(every, gated),
        mean=float(all_hidden.mean.mean()),
        hidden_std=all_hidden.std,
        near_zero_share=_near_zero_share(every, activation, _NEAR_ZERO * all_hidden.rms, gated, threads),
        spread=_spread(outputs),
    )


def _combined(weights: FeedForward, outputs: list[Moments], inputs: Moments, seed: int, threads: int) -> Moments:
    """Moments of what the FFN gives: its one output, or what experts give by their weights, and the shared one."""
    if not isinstance(weights, Mixture):
        return outputs[0]
    routed = weighted(outputs, router_weights(weights.router, inputs, seed))
    return routed if weights.shared is None else routed + _shared(weights.shared, weights.activation, inputs, threads)


def _shared(shared: SharedExpert, activation: Activation, inputs: Moments, threads: int) -> Moments:
    """Moments of the shared expert's output, times the sigmoid of its gate as if that were independent."""
    neurons = _pre_activations(shared.expert, activation, inputs, threads)
    output = mapped(shared.expert.down, _hidden(neurons, ACTIVATIONS[activation], threads), threads)
    if shared.gate is None:
        return output
    gate = mapped(shared.gate, inputs, threads)
    values = 1 / (1 + np.exp(-(gate.mean[0] + np.sqrt(gate.variance[0]) * _NODES)))
    first, second = float(_WEIGHTS @ values), float(_WEIGHTS @ values**2)
    square = second * (output.variance + np.square(output.mean))
    return Moments(first * output.mean, square - np.square(first * output.mean))


def _pre_activations(expert: Expert, activation: Activation, inputs: Moments, threads: int) -> Floats:
    """(5, neurons), as `gated_moments` takes them.

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


def _pre_activation_std(neurons: Floats, gated: bool) -> dict[str, float]:
    first = Moments(neurons[0], neurons[1]).std
    return {"gate": first, "up": Moments(neurons[2], neurons[3]).std} if gated else {"up": first}


def _hidden(neurons: Floats, activation: int, threads: int) -> Moments:
    def integrate(part: slice) -> tuple[Floats, Floats]:
        return gated_moments(np.ascontiguousarray(neurons[:, part]), activation, _NODES, _WEIGHTS)

    means, variances = zip(*in_order(integrate, slices(neurons.shape[1], threads), threads), strict=True)
    return Moments(np.concatenate(means), np.concatenate(variances))


def _near_zero_share(neurons: Floats, activation: int, threshold: float, gated: bool, threads: int) -> float:
    points, masses = _CELLS if gated else _FINE_CELLS

    def integrate(part: slice) -> Floats:
        return near_zero_shares(np.ascontiguousarray(neurons[:, part]), activation, threshold, points, masses)

    return float(np.concatenate(in_order(integrate, slices(neurons.shape[1], threads), threads)).mean())


def _spread(outputs: list[Moments]) -> float | None:
    if len(outputs) == 1:
        return None
    sizes = np.array([output.rms for output in outputs])
    return float(sizes.std() / sizes.mean()) if sizes.any() else float("nan")
