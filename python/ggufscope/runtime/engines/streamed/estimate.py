"""An estimate of the seconds ahead, from a trial with a part of the largest matrix."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.parts import Mixture
from ..engine import Seconds
from .tiles import product

if TYPE_CHECKING:
    from ....architecture.matrices import Matrix
    from .network import Network
    from .tiles import Workers

_TRIAL_SECONDS = 0.1


def estimate(network: Network, workers: Workers, n_tokens: int, n_prompts: int, n_steps: int) -> Seconds:
    """For a prefill of `n_tokens` and `n_steps` further passes over the prompts; products alone count."""
    output = network.head.output
    at_the_end = 0 if output is None else output.n_rows * output.n_columns
    for_last = _seconds_per_weight(network, workers, n_prompts)
    step = _in_layers(network, workers, n_prompts) + at_the_end * for_last
    return Seconds(_in_layers(network, workers, n_tokens) + at_the_end * for_last, n_steps * step)


def _in_layers(network: Network, workers: Workers, n_tokens: int) -> float:
    """Seconds of `n_tokens` in all layers. Of experts those count that are chosen, with the tokens that choose them."""
    mixtures = [layer.feed_forward for layer in network.layers if isinstance(layer.feed_forward, Mixture)]
    routed = sum(_n_weights(expert.matrices) for mixture in mixtures for expert in mixture.experts)
    every = sum(_n_weights(layer.matrices) for layer in network.layers)
    seconds = (every - routed) * _seconds_per_weight(network, workers, n_tokens)
    if not mixtures:
        return seconds
    share = mixtures[0].router.n_used / len(mixtures[0].experts)  # of experts that a token chooses
    chosen = 1 - (1 - share) ** n_tokens
    of_each = max(1, round(n_tokens * share / chosen))
    return seconds + routed * chosen * _seconds_per_weight(network, workers, of_each)


def _n_weights(matrices: list[Matrix]) -> int:
    return sum(matrix.n_rows * matrix.n_columns for matrix in matrices)


def _seconds_per_weight(network: Network, workers: Workers, n_tokens: int) -> float:
    """Seconds per weight of the largest matrix of the first layer with `n_tokens`, after a first, uncounted, stripe.

    The median of the runs: where something else takes the core for a while, a mean is of that.
    """
    matrix = max(network.layers[0].matrices, key=lambda each: each.n_rows * each.n_columns)
    part = matrix.part(0, min(matrix.n_rows, 256 * workers.threads))
    x = np.zeros((n_tokens, part.n_columns), np.float32)
    product(part, x, workers)
    ends = [time.perf_counter()]
    while len(ends) == 1 or ends[-1] - ends[0] < _TRIAL_SECONDS:
        product(part, x, workers)
        ends.append(time.perf_counter())
    return float(np.median(np.diff(ends))) / (part.n_rows * part.n_columns)
