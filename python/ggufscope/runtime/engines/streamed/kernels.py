"""Loops between the products, compiled by numba when they are first called; none holds the GIL."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ....arrays.compiled import ahead, compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...shape import Array


@ahead("float32[:, ::1], float32[::1], float64, float32[:, ::1]")
@compiled
def rms_norm(x: Array, gain: Array, epsilon: float, out: Array) -> None:
    """X / √(mean(x²) + ε) · gain of every row; the mean is float64.

    Args:
        x: float32 (rows, width), C-contiguous.
        gain: float32 (width,).
        epsilon: ε.
        out: float32 (rows, width), C-contiguous; may be x.
    """
    width = x.shape[1]
    whole = width // 4 * 4
    for i in range(x.shape[0]):
        first, second, third, total = 0.0, 0.0, 0.0, 0.0  # sums that do not wait for each other
        for j in range(0, whole, 4):
            first += np.float64(x[i, j]) * np.float64(x[i, j])
            second += np.float64(x[i, j + 1]) * np.float64(x[i, j + 1])
            third += np.float64(x[i, j + 2]) * np.float64(x[i, j + 2])
            total += np.float64(x[i, j + 3]) * np.float64(x[i, j + 3])
        for j in range(whole, width):
            total += np.float64(x[i, j]) * np.float64(x[i, j])
        total += first + second + third
        factor = np.float32(1.0 / math.sqrt(total / width + epsilon))
        for j in range(width):
            out[i, j] = x[i, j] * factor * gain[j]


@compiled
def rotate(vectors: Array, positions: npt.NDArray[np.int64], cosine: Array, sine: Array, neox: bool) -> None:
    """Turn pairs of components by each token's position, in place (RoPE).

    Args:
        vectors: float32 (tokens, heads, components).
        positions: int64 (tokens,).
        cosine: float32 (positions, pairs), C-contiguous.
        sine: likewise.
        neox: a pair is a component and the one `pairs` behind it; else one and the next.
    """
    n_pairs = cosine.shape[1]
    for token in range(vectors.shape[0]):
        at = positions[token]
        for head in range(vectors.shape[1]):
            for i in range(n_pairs):
                one = i if neox else 2 * i
                other = i + n_pairs if neox else 2 * i + 1
                first, second = vectors[token, head, one], vectors[token, head, other]
                vectors[token, head, one] = first * cosine[at, i] - second * sine[at, i]
                vectors[token, head, other] = first * sine[at, i] + second * cosine[at, i]


@compiled
def layer_norm(x: Array, gain: Array, bias: Array, epsilon: float, out: Array) -> None:
    """(x − mean(x)) / √(variance(x) + ε) · gain + bias of every row; mean and variance are float64.

    Args:
        x: float32 (rows, width), C-contiguous.
        gain: float32 (width,).
        bias: float32 (width,).
        epsilon: ε.
        out: float32 (rows, width), C-contiguous; may be x.
    """
    width = x.shape[1]
    for i in range(x.shape[0]):
        total = 0.0
        for j in range(width):
            total += np.float64(x[i, j])
        mean = total / width
        squares = 0.0
        for j in range(width):
            value = np.float64(x[i, j]) - mean
            squares += value * value
        factor = 1.0 / math.sqrt(squares / width + epsilon)
        for j in range(width):
            out[i, j] = np.float32((np.float64(x[i, j]) - mean) * factor) * gain[j] + bias[j]


@ahead("float32[:, :, ::1], int64[::1], int64[::1], int64[::1], float64, float64, float32[::1], float32[::1]")
@compiled
def masked_softmax(  # noqa: PLR0917  compiled functions take no keywords
    scores: Array,
    positions: npt.NDArray[np.int64],
    first_keys: npt.NDArray[np.int64],
    end_keys: npt.NDArray[np.int64],
    scale: float,
    soft_cap: float,
    slopes: Array,
    sinks: Array,
) -> None:
    """Softmax over the keys that a query sees, in place; the others become 0.

    Args:
        scores: float32 (heads, queries, keys), C-contiguous: products of queries and keys 0, 1, ….
        positions: int64 (queries,), of the queries.
        first_keys: int64 (queries,), the first key that each sees.
        end_keys: int64 (queries,), the one behind the last.
        scale: of scores.
        soft_cap: scaled scores become cap · tanh(score / cap); 0: they do not.
        slopes: float32 (heads,), that scores lose for each position between query and key (ALiBi).
        sinks: float32 (heads,): the score of a key that takes its share and has no place in the result; −∞: none.
    """
    n_heads, n_queries, n_keys = scores.shape
    factor = np.float32(scale)
    cap = np.float32(soft_cap)
    for head in range(n_heads):
        slope = slopes[head]
        for i in range(n_queries):
            row = scores[head, i]
            first = first_keys[i]
            last = end_keys[i]
            highest = sinks[head]
            for key in range(first, last):
                value = row[key] * factor
                if cap != 0:
                    value = cap * math.tanh(value / cap)
                row[key] = value
                highest = max(highest, value)
            if slope != 0:
                highest = sinks[head]
                for key in range(first, last):
                    value = row[key] - slope * np.float32(abs(positions[i] - key))
                    row[key] = value
                    highest = max(highest, value)
            total = np.float64(math.exp(sinks[head] - highest))
            for key in range(first, last):
                value = math.exp(row[key] - highest)
                row[key] = value
                total += value
            share = np.float32(1.0 / total)
            row[:first] = 0
            for key in range(first, last):
                row[key] *= share
            row[last:n_keys] = 0


@compiled
def delta_rule(queries: Array, keys: Array, values: Array, gates: Array, state: Array) -> Array:
    """Sᵀq of one head after each token: S ← kept · S, then S ← S + strength · k (v − Sᵀk)ᵀ.

    The inner loops are over components of values, which go side by side without reordering a sum. (EPYC with
    AVX-512: 3 µs for a token of a head of 128.)

    Args:
        queries: float32 (tokens, key components), C-contiguous.
        keys: float32 (tokens, key components), C-contiguous.
        values: float32 (tokens, value components), C-contiguous.
        gates: float32 (2, tokens): kept and strength.
        state: float32 (key components, value components), C-contiguous: S, which goes on.

    Returns:
        float32 (tokens, value components).
    """
    n_tokens, n_components = keys.shape
    width = values.shape[1]
    out = np.zeros((n_tokens, width), np.float32)
    added = np.empty(width, np.float32)
    for token in range(n_tokens):
        added[:] = 0
        kept, strength = gates[0, token], gates[1, token]
        for i in range(n_components):
            key = keys[token, i]
            for j in range(width):
                value = state[i, j] * kept
                state[i, j] = value
                added[j] += key * value
        for j in range(width):
            added[j] = strength * (values[token, j] - added[j])
        for i in range(n_components):
            key, query = keys[token, i], queries[token, i]
            for j in range(width):
                value = state[i, j] + key * added[j]
                state[i, j] = value
                out[token, j] += query * value
    return out
