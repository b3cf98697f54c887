"""Multi-head latent attention.

A score is q · (K latent) = (Kᵀq) · latent, and a mix of values is V (Σ p latent): so every head asks the latent vectors
themselves, as if they were one head's keys and values, and they are all that is kept of a token. Keys and values of
single heads are made where they are captured, and for that alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..norms import normed
from ..tiles import decoded, product
from .attention import Memory, attend_prompts, remember, temperatures

if TYPE_CHECKING:
    from .....architecture.mixers.latent_attention import LatentAttention
    from ....shape import Array
    from ..layer_pass import LayerPass
    from ..tiles import Workers
    from .rotations import Rotations


class RunningLatentAttention:
    """Latent attention of one layer; see `RunningMixer`."""

    def __init__(self, weights: LatentAttention, rotations: Rotations) -> None:
        self._weights = weights
        self._turning = rotations.turning(weights.shape.rotation)
        self._n_plain = weights.shape.key_length - weights.n_turned
        self._asked = replace(
            weights.shape, n_kv_heads=1, key_length=weights.rank + weights.n_turned, value_length=weights.rank
        )

    def memory(self, capacity: int) -> Memory:
        """Latent vectors and turned parts of keys of one prompt; see `RunningMixer.memory`."""
        return Memory(self._asked, capacity)

    def mix(self, x: Array, memories: list[Memory], run: LayerPass) -> Array:
        """See `RunningMixer.mix`."""
        weights = self._weights
        queries = self._queries(x, run)
        down = product(weights.kv_down, x, run.workers)
        latent = normed(np.ascontiguousarray(down[:, : weights.rank]), weights.latent_norm)
        turned = down[:, weights.rank :]
        self._take(queries, latent, turned, run)
        if self._turning is not None:
            self._turning.apply(queries[..., self._n_plain :], run.batch.positions)
            self._turning.apply(turned[:, None], run.batch.positions)
        if weights.shape.temperature is not None:
            queries *= temperatures(weights.shape.temperature, run.batch.positions)[:, None, None]
        keys = np.concatenate([latent, turned], axis=1)[:, None]
        asked = self._absorbed(queries, run.workers)
        remember(keys, latent[:, None], memories, run)
        mixed = attend_prompts(self._asked, asked, memories, run)
        return product(weights.output, self._values(mixed, run.workers).reshape(len(x), -1), run.workers)

    def _queries(self, x: Array, run: LayerPass) -> Array:
        weights = self._weights
        read = x
        if weights.q_down is not None:
            read = normed(product(weights.q_down, x, run.workers), weights.q_norm)
        return product(weights.q, read, run.workers).reshape(len(x), weights.shape.n_heads, -1)

    def _absorbed(self, queries: Array, workers: Workers) -> Array:
        """Queries to latent vectors, Kᵀq, and their turned parts: (tokens, heads, rank + turned)."""
        shape, rank = self._asked, self._weights.rank
        asked = np.empty((len(queries), shape.n_heads, shape.key_length), np.float32)
        asked[..., rank:] = queries[..., self._n_plain :]

        def absorb(head: int) -> None:
            np.matmul(queries[:, head, : self._n_plain], self._keys_of(head, workers), out=asked[:, head, :rank])

        workers.each(absorb, range(shape.n_heads))
        return asked

    def _values(self, latent: Array, workers: Workers) -> Array:
        """Of (tokens, heads or 1, rank) the values that each head makes: (tokens, heads, value length)."""
        shape = self._weights.shape
        values = np.empty((len(latent), shape.n_heads, shape.value_length), np.float32)
        by_head = np.broadcast_to(latent, (len(latent), shape.n_heads, latent.shape[-1]))

        def make(head: int) -> None:
            np.matmul(by_head[:, head], decoded(self._weights.values[head], workers).T, out=values[:, head])

        workers.each(make, range(shape.n_heads))
        return values

    def _keys_of(self, head: int, workers: Workers) -> Array:
        """The matrix that makes a head's keys, (plain, rank)."""
        weights = decoded(self._weights.keys[head], workers)
        return weights.T if self._weights.keys_stored_for_queries else weights

    def _take(self, queries: Array, latent: Array, turned: Array, run: LayerPass) -> None:
        """Hand over queries, and keys and values as each head makes them, all before RoPE."""
        if run.batch.recorder is None:
            return
        run.take("q", queries.reshape(len(queries), -1))
        keys = np.empty_like(queries)
        keys[..., self._n_plain :] = turned[:, None]

        def make(head: int) -> None:
            np.matmul(latent, self._keys_of(head, run.workers).T, out=keys[:, head, : self._n_plain])

        run.workers.each(make, range(queries.shape[1]))
        run.take("k", keys.reshape(len(keys), -1))
        run.take("v", self._values(latent[:, None], run.workers).reshape(len(keys), -1))
