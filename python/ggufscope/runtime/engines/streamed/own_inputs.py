"""Own inputs of layers, and what a layer adds of its own; see `architecture.own_inputs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .activations import combine
from .norms import norm_heads, normed
from .tiles import product

if TYPE_CHECKING:
    from ....architecture.own_inputs import OwnInput, OwnInputs
    from ...shape import Array
    from .layer_pass import LayerPass
    from .tiles import Workers


def own_inputs(weights: OwnInputs, rows: Array, embedded: Array, workers: Workers) -> Array:
    """The own inputs of all layers, float32 (tokens, layers, components).

    Args:
        weights: what they are made of.
        rows: float32 (tokens, layers · components), of `weights.tokens`.
        embedded: float32 (tokens, width), the stream in front of the first layer.
        workers: that multiply.
    """
    n_components = weights.norm.gain.size
    projected = product(weights.projection, embedded, workers)
    projected *= np.float32(embedded.shape[1] ** -0.5)
    norm_heads(projected, weights.norm)
    projected += rows * np.float32(n_components**0.5)
    projected *= np.float32(0.5**0.5)
    return projected.reshape(len(rows), -1, n_components)


def own_addition(weights: OwnInput, read: Array, run: LayerPass) -> Array:
    """The addition to the stream behind a layer: (tokens, width).

    Args:
        weights: of the layer.
        read: float32 (tokens, width), the stream behind the layer.
        run: the batch in this layer.
    """
    assert run.batch.own_inputs is not None  # noqa: S101
    gate = product(weights.gate, read, run.workers)
    combine(gate, run.batch.own_inputs[:, run.number], "gelu")
    return normed(product(weights.output, gate, run.workers), weights.norm)
