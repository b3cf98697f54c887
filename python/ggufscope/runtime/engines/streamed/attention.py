"""Attention between the tokens of one prompt, and the keys and values it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....architecture.rotation import phases
from ....errors import TraceError
from .kernels import masked_softmax

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ....architecture.hyperparameters import HeadShape
    from ....architecture.rotation import Rotation
    from ...shape import Array

    Take = Callable[[Array, int], object]  # probabilities (heads, queries, keys), their first head

_ALL = 1 << 62


@dataclass(frozen=True)
class Turning:
    """Cosines and sines of RoPE, float32 (positions, pairs), and where the pairs are."""

    cosine: Array
    sine: Array
    neox: bool

    @classmethod
    def of(cls, rotation: Rotation, n_positions: int, factors: npt.NDArray[np.float64] | None) -> Turning:
        turned = phases(rotation, n_positions, factors)
        return cls(turned.real.astype(np.float32), turned.imag.astype(np.float32), rotation.pairs == "neox")

    def apply(self, vectors: Array, positions: npt.NDArray[np.int64]) -> None:
        """Turn (tokens, heads, key length) by each token's position, in place."""
        cosine, sine = (table[positions][:, None] for table in (self.cosine, self.sine))
        n = 2 * cosine.shape[-1]
        if self.neox:
            first, second = vectors[..., : n // 2], vectors[..., n // 2 : n]
        else:
            first, second = vectors[..., 0:n:2], vectors[..., 1:n:2]
        turned = first * cosine - second * sine
        second[...] = first * sine + second * cosine
        first[...] = turned


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
    shape: HeadShape, heads: HeadGroup, queries: Array, memory: Memory, *, out: Array, take: Take | None
) -> None:
    """Mix values by the softmax of scores, for a group of heads.

    Args:
        shape: heads, scale, soft cap and window.
        heads: whose scores are held together.
        queries: float32 (tokens, heads, key length), turned: of all heads, of the last tokens in memory.
        memory: keys and values, of these tokens too.
        out: float32 (tokens, heads, value length), to be written for these heads.
        take: called with their probabilities; None: they are not captured.
    """
    n, count = len(queries), heads.kv.stop - heads.kv.start
    group = shape.n_heads // shape.n_kv_heads
    by_head = queries.reshape(n, shape.n_kv_heads, group, -1)[:, heads.kv, heads.members]
    asked = by_head.transpose(1, 2, 0, 3).reshape(count, -1, shape.key_length)
    scores = np.matmul(asked, memory.keys[heads.kv].swapaxes(1, 2)).reshape(-1, n, memory.length)
    positions = np.arange(memory.length - n, memory.length)
    masked_softmax(scores, positions, shape.window or _ALL, shape.scale, shape.soft_cap)
    first_head = heads.kv.start * group + heads.members.start
    if take is not None:
        take(scores, first_head)
    mixed = np.matmul(scores.reshape(count, -1, memory.length), memory.values[heads.kv])
    out[:, first_head : first_head + len(scores)] = mixed.reshape(len(scores), n, -1).swapaxes(0, 1)
