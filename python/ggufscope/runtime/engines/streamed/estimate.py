"""An estimate of the seconds ahead, from a trial with a part of the largest matrix."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..engine import Seconds
from .tiles import product

if TYPE_CHECKING:
    from .network import Network
    from .tiles import Workers

_TRIAL_SECONDS = 0.1


def estimate(network: Network, workers: Workers, n_tokens: int, n_prompts: int, n_steps: int) -> Seconds:
    """For a prefill of `n_tokens` and `n_steps` further passes over the prompts; products alone count."""
    in_layers = sum(matrix.n_rows * matrix.n_columns for layer in network.layers for matrix in layer.matrices)
    output = network.head.output
    at_the_end = 0 if output is None else output.n_rows * output.n_columns
    for_all = _seconds_per_weight(network, workers, n_tokens)
    for_last = _seconds_per_weight(network, workers, n_prompts)
    return Seconds(in_layers * for_all + at_the_end * for_last, n_steps * (in_layers + at_the_end) * for_last)


def _seconds_per_weight(network: Network, workers: Workers, n_tokens: int) -> float:
    """Seconds per weight of the largest matrix of the first layer with `n_tokens`, after a first, uncounted, stripe."""
    matrix = max(network.layers[0].matrices, key=lambda each: each.n_rows * each.n_columns)
    part = matrix.part(0, min(matrix.n_rows, 256 * workers.threads))
    x = np.zeros((n_tokens, part.n_columns), np.float32)
    product(part, x, workers)
    begun, runs = time.perf_counter(), 0
    while runs == 0 or time.perf_counter() - begun < _TRIAL_SECONDS:
        product(part, x, workers)
        runs += 1
    return (time.perf_counter() - begun) / (runs * part.n_rows * part.n_columns)
