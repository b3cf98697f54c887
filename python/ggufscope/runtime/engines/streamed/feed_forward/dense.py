"""The FFN of a dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..activations import combine_all, in_parts, xielu
from ..norms import normed
from ..tiles import product

if TYPE_CHECKING:
    from .....architecture.parts import DenseFeedForward
    from ....shape import Array
    from ..layer_pass import LayerPass


def dense(weights: DenseFeedForward, x: Array, run: LayerPass) -> Array:
    """The addition to the residual stream, in front of norms, for x that the FFN reads; float32 (tokens, width)."""
    run.take("ffn_norm", x)
    expert = weights.expert
    up = product(expert.up, x, run.workers)
    run.take("up", up)
    gate = None
    if expert.gate is not None:
        gate = product(expert.gate, x, run.workers)
        run.take("gate", gate)
        if weights.sparsity is not None:
            keep_largest(gate, weights.sparsity)
    curve = weights.curve
    if curve is None:
        hidden = combine_all(gate, up, weights.activation, run.workers)
    else:
        hidden = up
        in_parts(lambda rows: xielu(hidden[rows], curve), len(hidden), run.workers)
    hidden = normed(hidden, weights.inner_norm)
    run.take("gated", hidden)
    return product(expert.down, hidden, run.workers)


def keep_largest(gate: Array, z: float) -> None:
    """Reduce gates, (tokens, neurons), to their parts above mean + z · deviation of the token's, in place."""
    deviation = gate.std(axis=1, ddof=1, keepdims=True)
    gate -= gate.mean(axis=1, keepdims=True) + np.float32(z) * deviation
    np.maximum(gate, 0, out=gate)
