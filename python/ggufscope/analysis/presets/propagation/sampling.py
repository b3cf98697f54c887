"""Queries and keys of a head drawn from their Gaussian, and the attention between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ....architecture.limits import NotApplicableError
from ....architecture.rotation import Rotation, pair_order, phases, rotate
from .kernels import attention_statistics

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....architecture.matrices import Matrix
    from ....architecture.mixers.attention import AttentionWeights
    from ....architecture.parts import Norm
    from ....arrays.floats import Floats

# One set of keys for all queries would let a head's entropy hang on the few keys that happen to score highest: on
# stories260K, rank correlations with measured entropies scatter from 0.81 to 0.96 over seeds with one set, from 0.94 to
# 0.98 with twelve.
_MOST_CONTEXTS = 12


class Draws:
    """Standard normal vectors, the same for every head and layer, so that heads differ by their weights alone.

    Queries stand at the last of `keys` positions and see all of them, or the last ones of a window. They are shared out
    among up to twelve independent sets of keys: as many as divide their number.
    """

    def __init__(self, queries: int, keys: int, seed: int, factors: npt.NDArray[np.float64] | None) -> None:
        self.keys = keys
        self.seed = seed
        self._contexts = max(n for n in range(1, _MOST_CONTEXTS + 1) if queries % n == 0)
        self._queries = queries // self._contexts
        self._factors = factors
        self._normals: dict[int, tuple[Floats, Floats]] = {}
        self._phases: dict[Rotation, npt.NDArray[np.complex128]] = {}

    def normals(self, key_length: int) -> tuple[Floats, Floats]:
        """For queries, (contexts, queries, key_length), and for keys, (contexts, keys, key_length)."""
        if key_length not in self._normals:
            chance = np.random.default_rng(self.seed)
            shapes = (self._queries, self.keys)
            q, k = (chance.standard_normal((self._contexts, n, key_length)) for n in shapes)
            self._normals[key_length] = q, k
        return self._normals[key_length]

    def phases(self, rotation: Rotation) -> npt.NDArray[np.complex128]:
        """The factors of RoPE at positions 0 … keys − 1: (keys, pairs).

        Raises:
            NotApplicableError: The file's frequency factors do not fit.
        """
        if rotation not in self._phases:
            self._phases[rotation] = phases(rotation, self.keys, self._factors)
        return self._phases[rotation]


@dataclass(frozen=True)
class Projection:
    """Queries or keys of all heads.

    Attributes:
        weights: their projection.
        mean: of its output, (heads · key_length,).
        std: of its input, (channels,).
        mean_square: of its output, over all heads together.
        norm: None without.
    """

    weights: Matrix
    mean: Floats
    std: Floats
    mean_square: float
    norm: Norm | None

    def sample(self, head: int, normals: Floats, rotation: Rotation | None) -> Floats:
        """N(μ, W diag(σ²) Wᵀ) of one head, RoPE pairs side by side: (…, key_length)."""
        size = normals.shape[-1]
        first = head * size
        order = pair_order(rotation, size)
        factor = covariance_factor(self.weights.decode(first, size) * self.std)
        vectors: Floats = self.mean[first : first + size][order] + normals @ factor[order].T
        return vectors

    def normed(self, vectors: Floats, head: int, rotation: Rotation | None) -> Floats:
        """Samples of a head behind its norm; over all heads together the mean square hardly fluctuates."""
        if self.norm is None:
            return vectors
        size = vectors.shape[-1]
        order = pair_order(rotation, size)
        gain = _of_head(self.norm.gain, head, size)[order]
        if self.norm.centred:
            vectors = vectors - vectors.mean(axis=-1, keepdims=True)
        whole = self.norm.gain.shape[-1] != size
        square = self.mean_square if whole else np.mean(np.square(vectors), axis=-1, keepdims=True)
        normed: Floats = vectors * gain / np.sqrt(square + self.norm.epsilon)
        return normed if self.norm.bias is None else normed + _of_head(self.norm.bias, head, size)[order]


def _of_head(values: Floats, head: int, size: int) -> Floats:
    """Gains or biases of one head, where all have the same, each its own, or all are normed together."""
    return values if values.shape == (size,) else values.reshape(-1, size)[head]


def covariance_factor(scaled: Floats) -> Floats:
    """L with L Lᵀ = A Aᵀ, A being a head's rows times the std of their inputs, (key_length, channels).

    A billionth of the mean variance is added to the diagonal, so that heads of lower rank have one too.

    Raises:
        NotApplicableError: Weights or their squares are not finite.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # which is looked for, in whatever thread this is
        covariance = scaled @ scaled.T
    if not np.isfinite(covariance).all():
        raise NotApplicableError("weights of queries or keys are not finite")
    size = covariance.shape[0]
    covariance[np.diag_indices(size)] += 1e-9 * np.trace(covariance) / size + 1e-300
    return np.asarray(np.linalg.cholesky(covariance), np.float64)


class HeadStatistics(NamedTuple):
    """Means over the queries of some heads, each (heads,): without sinks the last two are 1.

    Attributes:
        entropy: as a share of ln(keys seen).
        collision: E Σ α².
        mass: E Σ α.
        mass_square: E (Σ α)².
    """

    entropy: Floats
    collision: Floats
    mass: Floats
    mass_square: Floats


def head_statistics(
    queries: Projection, keys: Projection, kv_head: int, weights: AttentionWeights, draws: Draws
) -> HeadStatistics:
    """Statistics of the query heads that read one key head.

    Raises:
        NotApplicableError: Queries, keys or their products are not finite.
    """
    shape, sinks = weights.shape, weights.sinks
    seen = min(draws.keys, shape.window or draws.keys)
    with np.errstate(over="ignore", invalid="ignore"):  # which is looked for, in whatever thread this is
        q, k = _samples(queries, keys, kv_head, weights, draws)
        contexts, group, n, _ = q.shape
        scores = q.reshape(contexts, group * n, -1) @ k[:, -seen:].swapaxes(1, 2)
    if not np.isfinite(scores).all():
        raise NotApplicableError("products of queries and keys are not finite")
    own_sinks = np.full(group, -np.inf) if sinks is None else sinks[kv_head * group :][:group]
    by_row = np.tile(np.repeat(own_sinks, n), contexts)
    entropy, collision, mass = attention_statistics(scores.reshape(-1, seen), shape.scale, shape.soft_cap, by_row)
    share = entropy / math.log(seen) if seen > 1 else np.full_like(entropy, np.nan)
    means = (values.reshape(contexts, group, n).mean(axis=(0, 2)) for values in (share, collision, mass, mass**2))
    return HeadStatistics(*means)


def _samples(
    queries: Projection, keys: Projection, kv_head: int, weights: AttentionWeights, draws: Draws
) -> tuple[Floats, Floats]:
    """Queries (contexts, heads, queries, key_length) and keys (contexts, keys, key_length) behind norms and RoPE."""
    shape = weights.shape
    group = shape.n_heads // shape.n_kv_heads
    heads = range(kv_head * group, (kv_head + 1) * group)
    for_queries, for_keys = draws.normals(shape.key_length)
    k = keys.sample(kv_head, for_keys, shape.rotation)
    by_head = [queries.sample(head, for_queries, shape.rotation) for head in heads]
    turned = None if shape.rotation is None else draws.phases(shape.rotation)
    if weights.norms_behind_rope and turned is not None:
        rotate(k, turned)
        for vectors in by_head:
            rotate(vectors, turned[-1])
    k = keys.normed(k, kv_head, shape.rotation)
    normed = (queries.normed(vectors, head, shape.rotation) for head, vectors in zip(heads, by_head, strict=True))
    q = np.stack(list(normed), axis=1)
    if not weights.norms_behind_rope and turned is not None:
        rotate(k, turned)
        rotate(q, turned[-1])
    if shape.temperature is not None:
        q *= 1 + shape.temperature.scale * math.log1p((draws.keys - 1) // shape.temperature.period)
    return q, k
