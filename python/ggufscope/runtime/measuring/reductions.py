"""Loops that reduce activations to numbers, compiled by numba when they are first called; none holds the GIL.

Sums are float64 and in a fixed order: the same bits on every call. tests/runtime has NumPy forms of each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import Array

_LANES = 16  # partial sums side by side, which the compiler keeps in vector registers


@compiled
def sum_of_squares(values: Array) -> float:
    """Σ x² of a C-contiguous array, (n,)."""
    partial = np.zeros(_LANES)
    whole = values.size // _LANES * _LANES
    for start in range(0, whole, _LANES):
        for lane in range(_LANES):
            x = np.float64(values[start + lane])
            partial[lane] += x * x
    total = 0.0
    for lane in range(_LANES):
        total += partial[lane]
    for i in range(whole, values.size):
        total += np.float64(values[i]) ** 2
    return total


@compiled
def count_below(values: Array, threshold: float) -> int:
    """Number of |x| below the threshold, of a C-contiguous array (n,)."""
    count = 0
    limit = np.float32(threshold)
    for i in range(values.size):
        count += abs(values[i]) < limit
    return count


@compiled
def attention_statistics(probabilities: Array, seen: npt.NDArray[np.int64], begin: int) -> Floats:
    """Means over the queries from `begin` on, of every head.

    Args:
        probabilities: float32 (heads, tokens, keys), C-contiguous.
        seen: int64 (tokens,), the number of keys that each query sees.
        begin: 0, or 1 where the first query has no choice.

    Returns:
        float64 (3, heads): entropy −Σ α ln α in nats; entropy as a share of ln(keys seen); α of the first key. NaN
        where there is no second token, the share also where every query sees one key alone.
    """
    n_heads, n_tokens, n_keys = probabilities.shape
    means = np.full((3, n_heads), np.nan)
    if n_tokens < 2:
        return means
    for head in range(n_heads):
        total = 0.0
        share = 0.0
        n_shares = 0
        first = 0.0
        for t in range(begin, n_tokens):
            entropy = 0.0
            for key in range(n_keys):
                alpha = np.float64(probabilities[head, t, key])
                if alpha != 0.0:
                    entropy -= alpha * math.log(alpha)
            total += entropy
            first += np.float64(probabilities[head, t, 0])
            if seen[t] > 1:
                share += entropy / math.log(np.float64(seen[t]))
                n_shares += 1
        means[0, head] = total / (n_tokens - begin)
        if n_shares > 0:
            means[1, head] = share / n_shares
        means[2, head] = first / (n_tokens - begin)
    return means


def top_energy_share(values: Array, share: float) -> float:
    """Share of Σ x² that the largest ⌈share · width⌉ squares of a token hold; mean over tokens that are not all zero.

    Args:
        values: float32 (tokens, width).
        share: above 0, at most 1.
    """
    width = values.shape[1]
    count = math.ceil(share * width)
    if count == 0:
        return math.nan
    squares = np.square(values)
    top = np.partition(squares, width - count, axis=1)[:, width - count :].sum(axis=1, dtype=np.float64)
    every = squares.sum(axis=1, dtype=np.float64)
    shares = top[every > 0] / every[every > 0]
    return float(shares.mean()) if shares.size else math.nan
