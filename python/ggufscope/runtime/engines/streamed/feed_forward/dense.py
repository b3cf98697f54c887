"""The FFN of a dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..activations import combine
from ..tiles import product

if TYPE_CHECKING:
    from .....architecture.parts import DenseFeedForward
    from ....shape import Array
    from ..layer_pass import LayerPass

_ROWS = 32  # tokens that go through φ at a time, in cache


def dense(weights: DenseFeedForward, x: Array, run: LayerPass) -> Array:
    """What is added to the residual stream, in front of norms, of what the FFN reads, float32 (tokens, width)."""
    expert = weights.expert
    up = product(expert.up, x, run.workers)
    run.take("up", up)
    gate = None
    if expert.gate is not None:
        gate = product(expert.gate, x, run.workers)
        run.take("gate", gate)
    hidden = up if gate is None else gate

    def combine_rows(first: int) -> None:
        rows = slice(first, first + _ROWS)
        combine(None if gate is None else gate[rows], up[rows], weights.activation)

    run.workers.each(combine_rows, range(0, len(hidden), _ROWS))
    run.take("gated", hidden)
    return product(expert.down, hidden, run.workers)
