"""The gated delta rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..activations import ACTIVATIONS, combine
from ..kernels import delta_rule, rms_norm
from ..norms import norm_heads
from ..tiles import product
from .convolution import Tail, convolved

if TYPE_CHECKING:
    from .....architecture.mixers.gated_delta import GatedDelta, Projection
    from ....shape import Array, PromptSpan
    from ..layer_pass import LayerPass
    from .rotations import Rotations


class State:
    """The memory of one prompt: the tail of its convolution, and the state of every value head."""

    def __init__(self, tail: Tail, n_heads: int, length: int) -> None:
        self.tail = tail
        self.heads: Array = np.zeros((n_heads, length, length), np.float32)


@dataclass(frozen=True)
class Inputs:
    """Inputs of the rule, float32.

    Attributes:
        queries: (key heads, tokens, length), each 1 / √length long.
        keys: (key heads, tokens, length), each 1 long.
        values: (value heads, tokens, length), behind the convolution.
        gates: (value heads, 2, tokens), the share of a state that stays, eᵍ, and the strength σ(β).
    """

    queries: Array
    keys: Array
    values: Array
    gates: Array


class RunningGatedDelta:
    """The gated delta rule of one layer; see `RunningMixer`."""

    def __init__(self, weights: GatedDelta, _rotations: Rotations) -> None:
        self._weights = weights
        self._kernel = weights.kernel.astype(np.float32)
        self._key_head = weights.heads.key_head

    def memory(self, _capacity: int) -> State:
        """The state of one prompt; see `RunningMixer.memory`."""
        channels, taps = self._kernel.shape
        heads = self._weights.heads
        return State(Tail(taps, channels), heads.n_values, heads.length)

    def mix(self, x: Array, memories: list[State], run: LayerPass) -> Array:
        """See `RunningMixer.mix`."""
        weights = self._weights
        mixed, gate, alpha, beta = _projected(x, [weights.mixed, weights.gate, weights.alpha, weights.beta], run)
        inputs = self._inputs(mixed, alpha, beta, memories, run)
        read = self._read(inputs, memories, run)
        norm_heads(read, weights.norm)
        combine(gate, read, "silu")
        return product(weights.output, gate, run.workers)

    def _inputs(self, mixed: Array, alpha: Array, beta: Array, memories: list[State], run: LayerPass) -> Inputs:
        heads, weights = self._weights.heads, self._weights
        convolution = convolved(mixed, self._kernel, [memory.tail for memory in memories], run.batch.spans)
        ACTIVATIONS["silu"](convolution)
        n_keys = heads.n_keys * heads.length
        run.take("v", convolution[:, 2 * n_keys :])
        queries, keys, values = (
            np.ascontiguousarray(part.reshape(len(mixed), -1, heads.length).swapaxes(0, 1))
            for part in np.split(convolution, [n_keys, 2 * n_keys], axis=1)
        )
        self._to_length(queries, 1 / heads.length**0.5)
        self._to_length(keys, 1.0)
        decay = np.logaddexp(0, alpha + weights.decay_bias) * weights.decay
        kept, strength = np.exp(decay), 1 / (1 + np.exp(-beta.astype(np.float64)))
        gates = np.stack([kept.T, strength.T], axis=1).astype(np.float32)
        return Inputs(queries, keys, values, gates)

    def _to_length(self, vectors: Array, length: float) -> None:
        """Give every vector a length, in place: x / √(Σx² + ε) · length."""
        size = vectors.shape[-1]
        flat = vectors.reshape(-1, size)
        gain = np.full(size, length / size**0.5, np.float32)
        rms_norm(flat, gain, self._weights.epsilon / size, flat)

    def _read(self, inputs: Inputs, memories: list[State], run: LayerPass) -> Array:
        """The readings of queries from the states, (tokens, value heads · length)."""
        n_heads, n_tokens, length = inputs.values.shape
        read = np.empty((n_heads, n_tokens, length), np.float32)

        def step(part: tuple[PromptSpan, int]) -> None:
            span, head = part
            rows, key_head = span.rows, self._key_head[head]
            read[head, rows] = delta_rule(
                inputs.queries[key_head, rows],
                inputs.keys[key_head, rows],
                inputs.values[head, rows],
                inputs.gates[head][:, rows],
                memories[span.prompt].heads[head],
            )

        run.workers.each(step, [(span, head) for span in run.batch.spans for head in range(n_heads)])
        return np.ascontiguousarray(read.swapaxes(0, 1)).reshape(n_tokens, -1)


def _projected(x: Array, projections: list[Projection], run: LayerPass) -> list[Array]:
    """The rows of each projection, C-contiguous and its own; every matrix is multiplied once."""
    products: dict[int, Array] = {}
    results = []
    for projection in projections:
        key = id(projection.matrix)
        if key not in products:
            products[key] = product(projection.matrix, x, run.workers)
        whole = products[key]
        results.append(whole if projection.order is None else np.ascontiguousarray(whole[:, projection.order]))
    return results
