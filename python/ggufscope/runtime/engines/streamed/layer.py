"""One layer over a batch of tokens: attention and FFN, and what is captured on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .attention import attend, head_groups
from .feed_forward import activate
from .kernels import rms_norm
from .tiles import product

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....architecture.parts import Norm
    from ...measuring.capture import Recorder
    from ...shape import Array
    from .attention import HeadGroup, Memory, Turning
    from .network import LayerWeights
    from .tiles import Workers

_ROWS = 32  # tokens that go through φ at a time, in cache


@dataclass(frozen=True)
class PromptSpan:
    """The rows of the batch that belong to one prompt."""

    prompt: int
    rows: slice


@dataclass(frozen=True)
class Batch:
    """Tokens that go through a layer together.

    Attributes:
        spans: of the prompts; together all rows.
        positions: int64 (tokens,), of each in its prompt.
        recorder: None where nothing is captured.
    """

    spans: list[PromptSpan]
    positions: npt.NDArray[np.int64]
    recorder: Recorder | None


class LayerRun:
    """One layer, ready for a batch.

    Args:
        number: of the layer.
        weights: of it.
        turning: RoPE; None without.
        memories: keys and values by prompt; appended to.
        batch: the tokens that go through.
        workers: that do it.
    """

    def __init__(
        self,
        number: int,
        weights: LayerWeights,
        *,
        turning: Turning | None,
        memories: list[Memory],
        batch: Batch,
        workers: Workers,
    ) -> None:
        self._number = number
        self._weights = weights
        self._turning = turning
        self._memories = memories
        self._batch = batch
        self._workers = workers

    def run(self, x: Array) -> None:
        """The residual stream (tokens, width) through the layer, in place."""
        added = self._attention(normed(x, self._weights.attention_norm))
        self._add(x, added, self._weights.post_attention_norm, "attention_output")
        normed_stream = normed(x, self._weights.feed_forward_norm)
        self._take("ffn_norm", normed_stream)
        added = self._feed_forward(normed_stream)
        self._add(x, added, self._weights.post_feed_forward_norm, "ffn_output")
        self._take("residual", x)

    def _attention(self, normed_stream: Array) -> Array:
        weights = self._weights.attention
        shape = weights.shape
        q, k, v = (product(matrix, normed_stream, self._workers) for matrix in (weights.q, weights.k, weights.v))
        for point, values in (("q", q), ("k", k), ("v", v)):
            self._take(point, values)
        queries = self._heads(q, shape.n_heads, weights.q_norm)
        keys = self._heads(k, shape.n_kv_heads, weights.k_norm)
        values = v.reshape(len(v), shape.n_kv_heads, -1)
        mixed = np.empty((len(q), shape.n_heads, shape.value_length), np.float32)
        parts: list[tuple[PromptSpan, HeadGroup]] = []
        for span in self._batch.spans:
            memory = self._memories[span.prompt]
            memory.append(keys[span.rows], values[span.rows])
            n_scores = (span.rows.stop - span.rows.start) * memory.length
            parts += [(span, heads) for heads in head_groups(shape, n_scores, self._workers.limits.score_bytes)]
        self._workers.each(lambda part: self._attend(*part, queries, mixed), parts)
        return product(weights.output, mixed.reshape(len(q), -1), self._workers)

    def _heads(self, projected: Array, n_heads: int, norm: Norm | None) -> Array:
        """(tokens, heads, length), normed and turned; in place."""
        heads = projected.reshape(len(projected), n_heads, -1)
        if norm is not None:
            flat = projected.reshape(-1, heads.shape[-1])
            rms_norm(flat, norm.gain.astype(np.float32), norm.epsilon, flat)
        if self._turning is not None:
            self._turning.apply(heads, self._batch.positions)
        return heads

    def _attend(self, span: PromptSpan, heads: HeadGroup, queries: Array, mixed: Array) -> None:
        recorder = self._batch.recorder
        take = None
        if recorder is not None:

            def take(probabilities: Array, first_head: int) -> None:
                recorder.take(span.prompt, self._number, "attention", probabilities, first_head)

        shape, memory = self._weights.attention.shape, self._memories[span.prompt]
        attend(shape, heads, queries[span.rows], memory, out=mixed[span.rows], take=take)

    def _feed_forward(self, normed_stream: Array) -> Array:
        weights = self._weights.feed_forward
        up = product(weights.up, normed_stream, self._workers)
        self._take("up", up)
        gate = None
        if weights.gate is not None:
            gate = product(weights.gate, normed_stream, self._workers)
            self._take("gate", gate)
        hidden = up if gate is None else gate

        def combine(first: int) -> None:
            rows = hidden[first : first + _ROWS]
            activate(rows, self._weights.activation)
            if gate is not None:
                rows *= up[first : first + _ROWS]

        self._workers.each(combine, range(0, len(hidden), _ROWS))
        self._take("gated", hidden)
        return product(weights.down, hidden, self._workers)

    def _add(self, x: Array, added: Array, post_norm: Norm | None, point: str) -> None:
        if post_norm is not None:
            added = normed(added, post_norm)
        self._take(point, added)
        x += added

    def _take(self, point: str, values: Array) -> None:
        recorder = self._batch.recorder
        if recorder is not None:
            take = recorder.take
            self._workers.each(
                lambda span: take(span.prompt, self._number, point, values[span.rows]), self._batch.spans
            )


def normed(x: Array, norm: Norm) -> Array:
    """RMSNorm of every row, float32."""
    out = np.empty_like(x)
    rms_norm(x, norm.gain.astype(np.float32), norm.epsilon, out)
    return out
