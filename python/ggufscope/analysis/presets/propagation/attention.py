"""Attention of one layer: its output, and how sharp each head is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ....arrays.workers import in_order
from .matrices import mapped, mapped_with_squares
from .moments import Moments
from .sampling import Draws, HeadStatistics, Projection, head_statistics

if TYPE_CHECKING:
    from ....architecture.heads import HeadShape
    from ....architecture.mixers.attention import AttentionWeights
    from ....arrays.floats import Floats


@dataclass(frozen=True)
class AttentionScores:
    """The predictions for the attention of one layer.

    Attributes:
        output: moments of the output projection's result.
        projections: role (`"q"`, `"k"`, `"v"`) → moments of what it gives.
        entropy: (heads,) as a share of ln(keys seen).
        baseline: (heads,) −‖W_q g‖ · ‖W_k g‖.
        first_token_share: (heads,) attention on the first token; None where there is no first one.
        entropy_bands: band of positions (`"1_3"`) → entropy there, (heads,).
    """

    output: Moments
    projections: dict[str, Moments]
    entropy: Floats
    baseline: Floats
    first_token_share: Floats | None = None
    entropy_bands: dict[str, Floats] = field(default_factory=dict)


def attend(weights: AttentionWeights, inputs: Moments, gain: Floats, draws: Draws, threads: int) -> AttentionScores:
    """Attention over tokens that are all alike, of one population, whose normed stream has the moments `inputs`.

    `gain` is that of the norm in front.
    """
    gain_squares = np.square(gain)[None]
    q, q_gain = mapped_with_squares(weights.q, inputs, gain_squares, threads)
    k, k_gain = mapped_with_squares(weights.k, inputs, gain_squares, threads)
    v = mapped(weights.v, inputs, threads)
    std = np.sqrt(inputs.variance[0])
    queries = Projection(weights.q, q.mean[0], std, float(q.rms[0]) ** 2, weights.q_norm)
    keys = Projection(weights.k, k.mean[0], std, float(k.rms[0]) ** 2, weights.k_norm)
    heads = _sample_heads(weights, queries, keys, draws, threads)
    mixed = Moments.stacked([_mixed(own, weights.shape, heads) for own in v.each()])
    return AttentionScores(
        output=mapped(weights.output, mixed, threads),
        projections={"q": q, "k": k, "v": v},
        entropy=heads.entropy,
        baseline=baseline(weights.shape, q_gain[0], k_gain[0]),
    )


def _mixed(v: Moments, shape: HeadShape, statistics: HeadStatistics) -> Moments:
    """Moments of Σ α v per query head: the mean stays, the variance of independent values shrinks to E Σ α² of it.

    Sinks leave E Σ α of the mean, whose square also varies with Σ α.
    """
    heads = np.arange(v.mean.size).reshape(shape.n_kv_heads, shape.value_length)
    channels = np.repeat(heads, shape.n_heads // shape.n_kv_heads, axis=0).reshape(-1)
    collision, mass, square = (
        np.repeat(values, shape.value_length)
        for values in (statistics.collision, statistics.mass, statistics.mass_square)
    )
    mean = v.mean[channels]
    return Moments(mean * mass, v.variance[channels] * collision + np.square(mean) * (square - np.square(mass)))


def baseline(shape: HeadShape, q_squares: Floats, k_squares: Floats) -> Floats:
    """−‖W_q g‖ · ‖W_k g‖ per query head, (heads,), from the squared norms of the rows of W g."""
    q_norm = np.sqrt(q_squares.reshape(shape.n_heads, -1).sum(axis=1))
    k_norm = np.sqrt(k_squares.reshape(shape.n_kv_heads, -1).sum(axis=1))
    products: Floats = -q_norm * np.repeat(k_norm, shape.n_heads // shape.n_kv_heads)
    return products


def _sample_heads(
    weights: AttentionWeights, q: Projection, k: Projection, draws: Draws, threads: int
) -> HeadStatistics:
    """Statistics of all heads: key head by key head, with the query heads that read it."""

    def sample(kv_head: int) -> HeadStatistics:
        return head_statistics(q, k, kv_head, weights, draws)

    by_kv_head = in_order(sample, range(weights.shape.n_kv_heads), threads)
    return HeadStatistics(*(np.concatenate(values) for values in zip(*by_kv_head, strict=True)))
