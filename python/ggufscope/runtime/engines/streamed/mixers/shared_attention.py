"""Attention to the keys and values that an earlier layer keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..norms import norm_heads
from ..tiles import product
from .attention import Memory, attend_prompts

if TYPE_CHECKING:
    from .....architecture.mixers.shared_attention import SharedAttention
    from ....shape import Array
    from ..layer_pass import LayerPass
    from .rotations import Rotations


class RunningSharedAttention:
    """Attention of one layer; see `RunningMixer`."""

    def __init__(self, weights: SharedAttention, rotations: Rotations) -> None:
        self._weights = weights
        self._turning = rotations.turning(weights.shape.rotation)

    def memory(self, capacity: int) -> Memory:
        """A memory like that of the source, which is the one that is read."""
        return Memory(self._weights.shape, capacity)

    def mix(self, x: Array, memories: list[Memory], run: LayerPass) -> Array:
        """See `RunningMixer.mix`; the memories are those of the source, which has appended this batch to them."""
        weights = self._weights
        q = product(weights.q, x, run.workers)
        run.take("q", q)
        if weights.q_norm is not None:
            norm_heads(q, weights.q_norm)
        queries = q.reshape(len(q), weights.shape.n_heads, -1)
        if self._turning is not None:
            self._turning.apply(queries, run.batch.positions)
        mixed = attend_prompts(weights.shape, queries, memories, run)
        return product(weights.output, mixed.reshape(len(q), -1), run.workers)
