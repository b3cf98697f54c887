"""Softmax attention between the tokens of each prompt, and the keys and values it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .....architecture.positions import alibi_slopes
from .....errors import TraceError
from ....shape import Sight
from ..activations import sigmoid
from ..kernels import masked_softmax
from ..norms import check_norm, norm_heads, normed
from ..tiles import product

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from .....architecture.heads import HeadShape
    from .....architecture.mixers.attention import AttentionWeights
    from .....architecture.parts import Norm
    from .....architecture.positions import Temperature
    from ....shape import Array, PromptSpan
    from ..layer_pass import LayerPass
    from .rotations import Rotations

    Take = Callable[[Array, int], object]  # probabilities (heads, queries, keys), their first head


class Memory:
    """Keys and values of one prompt in one layer, keys turned: float32 (key heads, capacity, length)."""

    def __init__(self, shape: HeadShape, capacity: int) -> None:
        self._keys = np.empty((shape.n_kv_heads, capacity, shape.key_length), np.float32)
        self._values = np.empty((shape.n_kv_heads, capacity, shape.value_length), np.float32)
        self.length = 0

    def append(self, keys: Array, values: Array) -> None:
        """Add keys and values of more tokens, each (tokens, key heads, length)."""
        end = self.length + len(keys)
        self._keys[:, self.length : end] = keys.swapaxes(0, 1)
        self._values[:, self.length : end] = values.swapaxes(0, 1)
        self.length = end

    @property
    def keys(self) -> Array:
        return self._keys[:, : self.length]

    @property
    def values(self) -> Array:
        return self._values[:, : self.length]


def check_length(n_tokens: int, most_score_bytes: int) -> None:
    """Raise TraceError where the scores of one head would take more than `most_score_bytes`."""
    if 4 * n_tokens**2 > most_score_bytes:
        most = int((most_score_bytes / 4) ** 0.5)
        raise TraceError(f"{n_tokens} tokens in one piece are too many to trace: at most {most}")


@dataclass(frozen=True)
class HeadGroup:
    """Heads of one prompt whose scores are held together: key heads, and which query heads of each."""

    kv: slice
    members: slice


def head_groups(shape: HeadShape, n_scores: int, score_bytes: int) -> list[HeadGroup]:
    """All heads, in whole groups around key heads if their scores fit, else one by one.

    Args:
        shape: of the heads.
        n_scores: of one head.
        score_bytes: that scores may take.
    """
    group = shape.n_heads // shape.n_kv_heads
    together = score_bytes // (4 * group * max(n_scores, 1))
    if together == 0:
        heads = (divmod(head, group) for head in range(shape.n_heads))
        return [HeadGroup(slice(kv, kv + 1), slice(member, member + 1)) for kv, member in heads]
    firsts = range(0, shape.n_kv_heads, together)
    return [HeadGroup(slice(first, min(first + together, shape.n_kv_heads)), slice(0, group)) for first in firsts]


def attend(
    shape: HeadShape, heads: HeadGroup, queries: Array, memory: Memory, sinks: Array, *, out: Array, take: Take | None
) -> None:
    """Mix values by the softmax of scores, for a group of heads.

    Args:
        shape: heads, scale, soft cap and window.
        heads: whose scores are held together.
        queries: float32 (tokens, heads, key length), turned: of all heads, of the last tokens in memory.
        memory: keys and values, of these tokens too.
        sinks: float32 (heads,), see `masked_softmax`.
        out: float32 (tokens, heads, value length), to be written for these heads.
        take: called with their probabilities; None: they are not captured.
    """
    n, count = len(queries), heads.kv.stop - heads.kv.start
    group = shape.n_heads // shape.n_kv_heads
    by_head = queries.reshape(n, shape.n_kv_heads, group, -1)[:, heads.kv, heads.members]
    asked = by_head.transpose(1, 2, 0, 3).reshape(count, -1, shape.key_length)
    scores = np.matmul(asked, memory.keys[heads.kv].swapaxes(1, 2)).reshape(-1, n, memory.length)
    first_head = heads.kv.start * group + heads.members.start
    own = slice(first_head, first_head + len(scores))
    positions = np.arange(memory.length - n, memory.length)
    first_keys, end_keys = Sight(shape.window, shape.causal).keys(positions, memory.length)
    slopes = alibi_slopes(shape.n_heads, shape.alibi)[own].astype(np.float32)
    masked_softmax(scores, positions, first_keys, end_keys, shape.scale, shape.soft_cap, slopes, sinks[own])
    if take is not None:
        take(scores, first_head)
    mixed = np.matmul(scores.reshape(count, -1, memory.length), memory.values[heads.kv])
    out[:, first_head : first_head + len(scores)] = mixed.reshape(len(scores), n, -1).swapaxes(0, 1)


def remember(keys: Array, values: Array, memories: list[Memory], run: LayerPass) -> None:
    """Append keys and values of a batch, (tokens, key heads, length), to the memories of its prompts."""
    for span in run.batch.spans:
        memories[span.prompt].append(keys[span.rows], values[span.rows])


def attend_prompts(
    shape: HeadShape, queries: Array, memories: list[Memory], run: LayerPass, sinks: Array | None = None
) -> Array:
    """Values mixed by the attention of every prompt's tokens: float32 (tokens, heads, value length).

    Args:
        shape: of heads.
        queries: float32 (tokens, heads, key length), turned.
        memories: keys and values by number of the prompt, those of the batch included.
        run: the batch in this layer.
        sinks: float32 (heads,), see `masked_softmax`; None: there are none.
    """
    sinks = np.full(shape.n_heads, -np.inf, np.float32) if sinks is None else sinks
    mixed = np.empty((len(queries), shape.n_heads, shape.value_length), np.float32)
    parts: list[tuple[PromptSpan, HeadGroup]] = []
    for span in run.batch.spans:
        n_scores = (span.rows.stop - span.rows.start) * memories[span.prompt].length
        parts += [(span, heads) for heads in head_groups(shape, n_scores, run.workers.limits.score_bytes)]

    def attend_part(part: tuple[PromptSpan, HeadGroup]) -> None:
        span, heads = part
        take, memory = run.taking_attention(span.prompt), memories[span.prompt]
        attend(shape, heads, queries[span.rows], memory, sinks, out=mixed[span.rows], take=take)

    run.workers.each(attend_part, parts)
    return mixed


class Attention:
    """Attention of one layer; see `RunningMixer`."""

    def __init__(self, weights: AttentionWeights, rotations: Rotations) -> None:
        self._weights = weights
        self._turning = rotations.turning(weights.shape.rotation)
        self._sinks = None if weights.sinks is None else weights.sinks.astype(np.float32)

    @staticmethod
    def check(weights: AttentionWeights, layer: int) -> None:
        """Raise NotApplicableError for norms that are not computed here."""
        for norm in (weights.q_norm, weights.k_norm, weights.v_norm, weights.output_norm):
            check_norm(norm)

    def memory(self, capacity: int) -> Memory:
        """Keys and values of one prompt; see `RunningMixer.memory`."""
        return Memory(self._weights.shape, capacity)

    def mix(self, x: Array, memories: list[Memory], run: LayerPass) -> Array:
        """See `RunningMixer.mix`."""
        weights, shape = self._weights, self._weights.shape
        q, k = (product(matrix, x, run.workers) for matrix in (weights.q, weights.k))
        v = k.copy() if weights.v is weights.k else product(weights.v, x, run.workers)
        q, gate = _apart(q, shape) if weights.gated else (q, None)
        for point, values in (("q", q), ("k", k), ("v", v)):
            run.take(point, values)
            if shape.clamp is not None:
                np.clip(values, -shape.clamp, shape.clamp, out=values)
        queries = self._heads(q, shape.n_heads, weights.q_norm, run)
        if shape.temperature is not None:
            queries *= temperatures(shape.temperature, run.batch.positions)[:, None, None]
        keys = self._heads(k, shape.n_kv_heads, weights.k_norm, run)
        if weights.v_norm is not None:
            norm_heads(v, weights.v_norm)
        values = v.reshape(len(v), shape.n_kv_heads, -1)
        remember(keys, values, memories, run)
        mixed = attend_prompts(shape, queries, memories, run, self._sinks)
        if gate is not None:
            mixed *= gate
        outputs = normed(mixed.reshape(len(q), -1), weights.output_norm)
        return product(weights.output, outputs, run.workers)

    def _heads(self, projected: Array, n_heads: int, norm: Norm | None, run: LayerPass) -> Array:
        """(tokens, heads, length), normed and turned; in place."""
        heads = projected.reshape(len(projected), n_heads, -1)
        behind = self._weights.norms_behind_rope
        if norm is not None and not behind:
            norm_heads(projected, norm)
        if self._turning is not None:
            self._turning.apply(heads, run.batch.positions)
        if norm is not None and behind:
            norm_heads(projected, norm)
        return heads


def _apart(projected: Array, shape: HeadShape) -> tuple[Array, Array]:
    """Queries, (tokens, heads · key length), and what gates the heads, (tokens, heads, key length): sigmoids."""
    by_head = projected.reshape(len(projected), shape.n_heads, 2, shape.key_length)
    return np.ascontiguousarray(by_head[:, :, 0]).reshape(len(projected), -1), sigmoid(by_head[:, :, 1])


def temperatures(temperature: Temperature, positions: npt.NDArray[np.int64]) -> Array:
    """The factors of queries, float32 (positions,)."""
    factors = 1 + temperature.scale * np.log1p(positions // temperature.period)
    return np.asarray(factors, np.float32)
