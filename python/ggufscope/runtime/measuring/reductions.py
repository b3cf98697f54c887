"""Loops that reduce activations to numbers, compiled by numba when they are first called; none holds the GIL.

Sums are float64 and in a fixed order: the same bits on every call. tests/runtime has NumPy forms of each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import ahead, compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import Array

_LANES = 16  # partial sums side by side, which the compiler keeps in vector registers


def squares_by_token(values: Array) -> Floats:
    """Σ x² of each token, (tokens,), of C-contiguous tokens × width."""
    sums = np.empty(len(values))
    _sum_squares(values, np.empty(_LANES), sums)
    return sums


@ahead("float32[:, ::1], float64[::1], float64[::1]")
@compiled
def _sum_squares(values: Array, partial: Floats, sums: Floats) -> None:
    """See `squares_by_token`; `partial` is to work in. Arrays made here would be compiled for longer than the loops."""
    n_tokens, width = values.shape
    whole = width // _LANES * _LANES
    for token in range(n_tokens):
        for lane in range(_LANES):
            partial[lane] = 0.0
        for start in range(0, whole, _LANES):
            for lane in range(_LANES):
                x = np.float64(values[token, start + lane])
                partial[lane] += x * x
        total = 0.0
        for lane in range(_LANES):
            total += partial[lane]
        for i in range(whole, width):
            x = np.float64(values[token, i])
            total += x * x
        sums[token] = total


def count_below(values: Array, thresholds: Floats) -> npt.NDArray[np.int64]:
    """Number of |x| below the threshold of each token, (tokens,), of C-contiguous tokens × width."""
    counts = np.empty(len(values), np.int64)
    _count_below(values, thresholds, counts)
    return counts


@ahead("float32[:, ::1], float64[::1], int64[::1]")
@compiled
def _count_below(values: Array, thresholds: Floats, counts: npt.NDArray[np.int64]) -> None:
    """See `count_below`."""
    n_tokens, width = values.shape
    for token in range(n_tokens):
        count = 0
        limit = np.float32(thresholds[token])
        for i in range(width):
            count += abs(values[token, i]) < limit
        counts[token] = count


def number_of_bands(n_tokens: int) -> int:
    """Bands of positions that a prompt of so many tokens reaches.

    >>> number_of_bands(1), number_of_bands(4), number_of_bands(5)
    (0, 1, 2)
    """
    return max((n_tokens - 1).bit_length() - 1, 1) if n_tokens > 1 else 0


def band_bounds(band: int) -> tuple[int, int]:
    """First and last position of a band: 1 to 3, then twice as many positions in each as in the one before.

    >>> [band_bounds(band) for band in range(3)]
    [(1, 3), (4, 7), (8, 15)]
    """
    return (2 << band if band else 1), (4 << band) - 1


def attention_statistics(probabilities: Array, seen: npt.NDArray[np.int64], begin: int, n_bands: int) -> Floats:
    """Means over the queries from `begin` on, of every head.

    Args:
        probabilities: float32 (heads, tokens, keys), C-contiguous.
        seen: int64 (tokens,), the number of keys that each query sees.
        begin: 0, or 1 where the first query has no choice.
        n_bands: `number_of_bands`, or 0 where there are to be none.

    Returns:
        float64 (3 + n_bands, heads): entropy −Σ α ln α in nats; entropy as a share of ln(keys seen); α of the first
        key; the share once more, over the queries of each band. NaN where there is no second token, shares also where
        every query sees one key alone.
    """
    means = np.full((3 + n_bands, len(probabilities)), np.nan)
    if probabilities.shape[1] > 1:
        _attention_means(probabilities, seen, begin, np.empty(n_bands + 1, np.int64), np.empty(n_bands + 1), means)
    return means


@ahead("float32[:, :, ::1], int64[::1], int64, int64[::1], float64[::1], float64[:, ::1]")
@compiled
def _attention_means(  # noqa: PLR0917  compiled functions take no keywords
    probabilities: Array,
    seen: npt.NDArray[np.int64],
    begin: int,
    n_shares: npt.NDArray[np.int64],
    shares: Floats,
    means: Floats,
) -> None:
    """See `attention_statistics`; `n_shares` and `shares` are to work in, of each band; without bands, of all."""
    n_heads, n_tokens, n_keys = probabilities.shape
    n_bands = shares.size - 1
    for head in range(n_heads):
        total = 0.0
        first = 0.0
        for band in range(n_bands + 1):
            n_shares[band] = 0
            shares[band] = 0.0
        for t in range(begin, n_tokens):
            entropy = 0.0
            for key in range(n_keys):
                alpha = np.float64(probabilities[head, t, key])
                if alpha != 0.0:
                    entropy -= alpha * math.log(alpha)
            total += entropy
            first += np.float64(probabilities[head, t, 0])
            if seen[t] > 1:
                band = 0
                while band < n_bands - 1 and t >= 4 << band:
                    band += 1
                shares[band] += entropy / math.log(np.float64(seen[t]))
                n_shares[band] += 1
        means[0, head] = total / (n_tokens - begin)
        means[2, head] = first / (n_tokens - begin)
        n_all = 0
        share = 0.0
        for band in range(n_bands + 1):
            n_all += n_shares[band]
            share += shares[band]
            if band < n_bands and n_shares[band] > 0:
                means[3 + band, head] = shares[band] / n_shares[band]
        if n_all > 0:
            means[1, head] = share / n_all


def top_energy_shares(values: Array, share: float) -> Floats:
    """Share of Σ x² that the largest ⌈share · width⌉ squares of each token hold, (tokens,); NaN where all are zero.

    Args:
        values: float32 (tokens, width).
        share: above 0, at most 1.
    """
    n_tokens, width = values.shape
    count = math.ceil(share * width)
    shares = np.full(n_tokens, np.nan)
    if count == 0:
        return shares
    squares = np.square(values)
    top = np.partition(squares, width - count, axis=1)[:, width - count :].sum(axis=1, dtype=np.float64)
    every = squares.sum(axis=1, dtype=np.float64)
    np.divide(top, every, out=shares, where=every > 0)
    return shares
