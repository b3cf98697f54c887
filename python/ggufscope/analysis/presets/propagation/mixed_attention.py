"""Attention of one layer over exact tokens and drawn ones together, and what it is of drawn ones on average.

queries t = E … n − 1 (drawn)     keys 0 … E − 1 (exact), E … t (drawn)
mean over t of  α_e ──▶ ᾱ_e, Var α_e     Σ α² of drawn keys ──▶ s₂
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ....arrays.means import mean_of_finite
from ....arrays.multiply import multiply_few
from ....arrays.workers import in_order
from ....runtime.engines.streamed.kernels import masked_softmax
from ....runtime.engines.streamed.mixers.attention import temperatures
from ....runtime.engines.streamed.norms import norm_heads
from ....runtime.shape import Sight
from .attention import AttentionScores, baseline
from .matrices import mapped, mapped_with_squares
from .moments import Moments

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....architecture.heads import HeadShape
    from ....architecture.matrices import Matrix
    from ....architecture.mixers.attention import AttentionWeights
    from ....architecture.parts import Norm
    from ....arrays.floats import Floats
    from .openings import Populations

    Array = npt.NDArray[np.float32]

_FEW = 48  # tokens that the core multiplies at once, in an order of sums that hangs on nothing else
_TILE_ROWS = 256


@dataclass(frozen=True)
class HeadAttention:
    """Attention of one population, means over its drawn queries.

    Attributes:
        mean: (heads, exact keys), ᾱ_e.
        variance: (heads, exact keys), Var α_e over queries.
        collision: (heads,), s₂, the mean of Σ α² over drawn keys.
        sink_mean, sink_variance: (heads,), of what a sink takes; 0 without.
        entropy: (heads, positions), as a share of ln(keys seen), of all queries t ≥ 1, exact ones first; NaN where one
            key alone is seen.
        first: (heads, positions), attention of these queries on the first token.
    """

    mean: Floats
    variance: Floats
    collision: Floats
    sink_mean: Floats
    sink_variance: Floats
    entropy: Floats
    first: Floats


def attend_mixed(  # noqa: PLR0917
    weights: AttentionWeights, inputs: Moments, gain: Floats, populations: Populations, layer: int, threads: int
) -> AttentionScores:
    """Attention of drawn tokens whose normed stream has the moments `inputs`, over exact openings and one another.

    `gain` is that of the norm in front.
    """
    gain_squares = np.square(gain)[None]
    q, q_gain = mapped_with_squares(weights.q, inputs, gain_squares, threads)
    k, k_gain = mapped_with_squares(weights.k, inputs, gain_squares, threads)
    v = mapped(weights.v, inputs, threads)
    drawn = populations.draw(inputs)
    queries, keys = (_projected(matrix, drawn, threads) for matrix in (weights.q, weights.k))
    heads = _attention(weights, queries, keys, populations, layer, threads)
    exact_values = populations.openings.at(layer, "v")
    parts = [
        _mixed(own, values, weights.shape, of) for own, values, of in zip(v.each(), exact_values, heads, strict=True)
    ]
    output = mapped(weights.output, Moments.stacked([moments for moments, _ in parts]), threads)
    moved = squares_by_head(weights.output, np.stack([vectors for _, vectors in parts]), threads)
    return AttentionScores(
        output=Moments(output.mean, output.variance + moved),
        projections={"q": q, "k": k, "v": v},
        entropy=_over_openings([of.entropy for of in heads]),
        baseline=baseline(weights.shape, q_gain[0], k_gain[0]),
        first_token_share=_over_openings([of.first for of in heads]),
        entropy_bands=_bands([of.entropy for of in heads]),
    )


def _projected(matrix: Matrix, x: Array, threads: int) -> Array:
    """Scale · x Wᵀ + bias, float32 (tokens, rows), the same for any number of threads."""
    pieces = [
        multiply_few(matrix.blocks(), np.ascontiguousarray(x[first : first + _FEW]), threads)
        for first in range(0, len(x), _FEW)
    ]
    projected: Array = np.concatenate(pieces) * np.float32(matrix.scale)
    if matrix.bias is not None:
        projected += matrix.bias.astype(np.float32)
    return projected


def _attention(  # noqa: PLR0917
    weights: AttentionWeights, queries: Array, keys: Array, populations: Populations, layer: int, threads: int
) -> list[HeadAttention]:
    """Of every population; q and k of drawn tokens are (populations · drawn, heads · key length), as projected."""
    n_drawn = populations.n_drawn
    exact_keys = populations.openings.at(layer, "k")
    exact = populations.openings.at(layer, "attention")

    def attend(number: int) -> HeadAttention:
        rows = slice(number * n_drawn, (number + 1) * n_drawn)
        own_keys = np.concatenate([exact_keys[number], keys[rows]])
        probabilities = _probabilities(weights, queries[rows].copy(), own_keys, populations)
        return _statistics(weights, probabilities, exact[number], populations)

    return in_order(attend, range(populations.count), threads)


def _probabilities(weights: AttentionWeights, queries: Array, keys: Array, populations: Populations) -> Array:
    """Of drawn queries, (heads, drawn, keys); queries and keys are turned and normed in place."""
    shape = weights.shape
    positions = np.arange(len(keys), dtype=np.int64)
    asking = positions[-len(queries) :]
    q = _heads(weights, queries, shape.n_heads, weights.q_norm, asking, populations)
    k = _heads(weights, keys, shape.n_kv_heads, weights.k_norm, positions, populations)
    if shape.temperature is not None:
        q *= temperatures(shape.temperature, asking)[:, None, None]
    group = shape.n_heads // shape.n_kv_heads
    asked = q.reshape(len(queries), shape.n_kv_heads, group, -1).transpose(1, 2, 0, 3)
    scores: Array = np.matmul(asked, k.transpose(1, 2, 0)[:, None]).reshape(shape.n_heads, len(queries), len(keys))
    first_keys, end_keys = Sight(shape.window, shape.causal).keys(asking, len(keys))
    slopes = np.zeros(shape.n_heads, np.float32)
    sinks = np.full(shape.n_heads, -np.inf) if weights.sinks is None else weights.sinks
    masked_softmax(scores, asking, first_keys, end_keys, shape.scale, shape.soft_cap, slopes, sinks.astype(np.float32))
    return scores


def _heads(  # noqa: PLR0917
    weights: AttentionWeights,
    projected: Array,
    n_heads: int,
    norm: Norm | None,
    positions: npt.NDArray[np.int64],
    populations: Populations,
) -> Array:
    """(tokens, heads, length), normed and turned as the engine does, in place."""
    heads = projected.reshape(len(projected), n_heads, -1)
    if norm is not None and not weights.norms_behind_rope:
        norm_heads(projected, norm)
    turning = populations.rotations.turning(weights.shape.rotation)
    if turning is not None:
        turning.apply(heads, positions)
    if norm is not None and weights.norms_behind_rope:
        norm_heads(projected, norm)
    return heads


def _statistics(weights: AttentionWeights, drawn: Array, exact: Array, populations: Populations) -> HeadAttention:
    alpha, shape = drawn.astype(np.float64), weights.shape
    n_exact = populations.n_exact
    known = alpha[:, :, :n_exact]
    sink = np.zeros(alpha.shape[:2]) if weights.sinks is None else np.maximum(1 - alpha.sum(axis=2), 0.0)
    counted = alpha[:, : populations.n_rest]
    own = [_by_query(queries, first, shape) for queries, first in ((exact.astype(np.float64), 0), (counted, n_exact))]
    entropy, first = (np.concatenate(values, axis=1)[:, 1:] for values in zip(*own, strict=True))
    return HeadAttention(
        mean=known.mean(axis=1),
        variance=known.var(axis=1),
        collision=np.square(alpha[:, :, n_exact:]).sum(axis=2).mean(axis=1),
        sink_mean=sink.mean(axis=1),
        sink_variance=sink.var(axis=1),
        entropy=entropy,
        first=first,
    )


def _by_query(alpha: Floats, first_position: int, shape: HeadShape) -> tuple[Floats, Floats]:
    """Entropy as a share of ln(keys seen), and attention on the first token: each (heads, queries)."""
    positions = np.arange(first_position, first_position + alpha.shape[1], dtype=np.int64)
    first_keys, end_keys = Sight(shape.window, shape.causal).keys(positions, first_position + alpha.shape[1])
    seen = end_keys - first_keys
    entropy = -np.sum(alpha * np.log(np.where(alpha > 0, alpha, 1.0)), axis=2)
    share = np.divide(entropy, np.log(np.maximum(seen, 2)), out=np.full_like(entropy, np.nan), where=seen > 1)
    return share, alpha[:, :, 0]


def _mixed(v: Moments, exact: Array, shape: HeadShape, heads: HeadAttention) -> tuple[Moments, Floats]:
    """What heads give to drawn tokens, (heads · value length,), and what their exact keys move it by.

    The latter are vectors whose squares behind the output projection add to its variance: √Var α_e · (v_e − μ_v) of
    each head, (exact keys, heads, value length), and one of a sink, whose value is 0.
    """
    of_kv = np.repeat(np.arange(shape.n_kv_heads), shape.n_heads // shape.n_kv_heads)
    mean, variance = (values.reshape(shape.n_kv_heads, -1)[of_kv] for values in (v.mean, v.variance))
    values = exact.astype(np.float64).reshape(len(exact), shape.n_kv_heads, -1)[:, of_kv]
    values = np.concatenate([values, np.zeros_like(values[:1])])
    attention = np.concatenate([heads.mean, heads.sink_mean[:, None]], axis=1)
    spread = np.concatenate([heads.variance, heads.sink_variance[:, None]], axis=1)
    rest = 1 - attention.sum(axis=1, keepdims=True)
    given = np.einsum("he,ehc->hc", attention, values) + rest * mean
    moved = np.sqrt(spread.T)[:, :, None] * (values - mean)
    return Moments(given.reshape(-1), (heads.collision[:, None] * variance).reshape(-1)), moved


def squares_by_head(matrix: Matrix, vectors: Floats, threads: int) -> Floats:
    """Σ over vectors and heads of (W u)² where u has the components of one head alone: (populations, rows).

    Args:
        matrix: W, whose columns are those of all heads.
        vectors: (populations, vectors, heads, components).
        threads: at most so many.
    """
    count, n_vectors, n_heads, length = vectors.shape
    by_head = vectors.transpose(2, 3, 0, 1).reshape(n_heads, length, count * n_vectors)

    def tile(first: int) -> Floats:
        rows = matrix.decode(first, min(_TILE_ROWS, matrix.n_rows - first))
        outputs = np.matmul(rows.reshape(len(rows), n_heads, length).swapaxes(0, 1), by_head)
        squares = np.square(outputs).sum(axis=0).reshape(len(rows), count, n_vectors)
        return np.asarray(squares.sum(axis=2).T)

    return np.concatenate(in_order(tile, range(0, matrix.n_rows, _TILE_ROWS), threads), axis=1)


def _over_openings(values: list[Floats]) -> Floats:
    """The mean over queries, then over openings, (heads,); NaN where no query counts."""
    return np.asarray(np.mean([mean_of_finite(of, axis=1) for of in values], axis=0))


def _bands(entropy: list[Floats]) -> dict[str, Floats]:
    """Entropy of positions 1–3, 4–7, 8–15, …, by the names of their ends."""
    n = entropy[0].shape[1] + 1
    bands = {}
    for power in range(math.ceil(math.log2(max(n, 2)))):
        low, high = (1, 3) if power == 0 else (2 ** (power + 1), 2 ** (power + 2) - 1)
        if low < n:
            bands[f"{low}_{high}"] = _over_openings([of[:, low - 1 : high] for of in entropy])
    return bands
