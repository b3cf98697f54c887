"""The weights that a router gives its experts, and what their outputs add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.routing import choose
from .moments import Moments
from .sampling import covariance_factor

if TYPE_CHECKING:
    from ....architecture.parts import Router
    from ....arrays.floats import Floats

_TOKENS = 4096  # drawn: a share of 1/64 is right to 0.002


@dataclass(frozen=True)
class RouterWeights:
    """Weights of experts over tokens, 0 where one is not chosen: their mean (experts,) and E[w wᵀ]."""

    mean: Floats
    second: Floats


def router_weights(router: Router, inputs: Moments, seed: int) -> RouterWeights:
    """From scores that are Gaussian with W μ and W diag(σ²) Wᵀ; what they choose is computed as the model does."""
    rows = router.weights.decode(0, router.weights.n_rows)
    mean = rows @ inputs.mean + (0.0 if router.weights.bias is None else router.weights.bias)
    normals = np.random.default_rng(seed).standard_normal((_TOKENS, len(rows)))
    scores = mean + normals @ covariance_factor(rows * np.sqrt(inputs.variance)).T
    choice = choose(router, scores)
    weights = np.zeros_like(scores)
    np.put_along_axis(weights, choice.experts, choice.weights, axis=1)
    return RouterWeights(weights.mean(axis=0), weights.T @ weights / _TOKENS)


def weighted(outputs: list[Moments], weights: RouterWeights) -> Moments:
    """Moments of Σ w y, weights w independent of outputs y, and these of one another.

    E[Σ w y] = Σ E[w] μ; the variance is Σ E[w²] σ² of the outputs, and that of Σ w μ over choices, μᵀ Cov(w) μ.
    """
    means = np.stack([output.mean for output in outputs])
    variances = np.stack([output.variance for output in outputs])
    spread = weights.second - np.outer(weights.mean, weights.mean)
    chosen = np.einsum("ec,ec->c", means, spread @ means)
    return Moments(weights.mean @ means, np.diag(weights.second) @ variances + np.maximum(chosen, 0.0))
