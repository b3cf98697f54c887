"""Loops that reduce activations to numbers, compiled by numba when they are first called; none holds the GIL.

Sums are float64 and in a fixed order: the same bits on every call. tests/runtime has NumPy forms of each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import ahead, compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import Array

    Bits = npt.NDArray[np.int32]
    Bounds = npt.NDArray[np.int64]

# Partial sums side by side: each waits for what was stored to it before, so that many are under way at once.
_LANES = 64


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


@compiled
def _top_energies(values: Array, heap: Array, sums: Floats) -> None:
    """Σ of as many of the largest x² of each token as `heap` holds, at most its width.

    The largest so far are a heap, smallest first: few of the others are larger than that one.
    """
    n_tokens, width = values.shape
    count = len(heap)
    for token in range(n_tokens):
        for i in range(count):
            heap[i] = -1.0
        for i in range(width):
            size = abs(values[token, i])
            if size > heap[0]:
                place = 0
                while True:
                    child = 2 * place + 1
                    if child >= count:
                        break
                    if child + 1 < count and heap[child + 1] < heap[child]:
                        child += 1
                    if heap[child] >= size:
                        break
                    heap[place] = heap[child]
                    place = child
                heap[place] = size
        total = 0.0
        for i in range(count):
            size = np.float64(heap[i])
            total += size * size
        sums[token] = total


def top_energy_shares(values: Array, squares: Floats, share: float) -> Floats:
    """Share of Σ x² that the largest ⌈share · width⌉ squares of each token hold, (tokens,); NaN where all are zero.

    Args:
        values: float32 (tokens, width), C-contiguous.
        squares: of each token, see `squares_by_token`.
        share: above 0, at most 1.
    """
    count = math.ceil(share * values.shape[1])
    shares = np.full(len(values), np.nan)
    if count > 0:
        top = np.empty(len(values))
        _top_energies(values, np.empty(count, np.float32), top)
        np.divide(top, squares, out=shares, where=squares > 0)
    return shares


_SIZE = np.int32(0x7FFFFFFF)  # the bits of |x|, which as integers are in the order of sizes
_FEW = 32  # sizes that are sorted one by one


@compiled
def _middle_sizes(bits: Bits, few: Bits) -> tuple[np.int32, np.int32]:
    """The two sizes in the middle of some finite numbers, at least one; of an odd number one of them twice.

    They are looked for by halves of the range of sizes: those below its middle are counted side by side.

    Args:
        bits: int32, of the numbers.
        few: int32 (_FEW,), to work in.
    """
    n = len(bits)
    rank = (n - 1) // 2
    low, high = np.int32(0), _SIZE
    below, inside = 0, n
    while inside > _FEW and high - low > 1:
        middle = np.int32(low + (high - low) // 2)
        count = 0
        for i in range(n):
            count += (bits[i] & _SIZE) < middle
        if count > rank:
            high = middle
            inside = count - below
        else:
            low = middle
            inside -= count - below
            below = count
    alike = inside > _FEW
    n_few = 0
    following = _SIZE  # the smallest beyond those inside
    for i in range(n):
        size = bits[i] & _SIZE
        if size >= high:
            following = min(following, size)
        elif size >= low and not alike:
            place = n_few
            while place > 0 and few[place - 1] > size:
                few[place] = few[place - 1]
                place -= 1
            few[place] = size
            n_few += 1
    place = rank - below
    lower = low if alike else few[place]
    if n % 2:
        return lower, lower
    if place + 1 >= inside:
        return lower, following
    return lower, low if alike else few[place + 1]


def median_size(values: Array) -> float:
    """Median |x| of finite numbers in a C-contiguous row, at least one; of an even number the float32 mean of two."""
    middles = np.array(_middle_sizes(values.view(np.int32), np.empty(_FEW, np.int32)), np.int32).view(np.float32)
    return float((middles[0] + middles[1]) / np.float32(2))


@compiled
def _token_sizes(bits: Bits, squares: Floats, few: Bits, sizes: Bits) -> None:
    """The largest size and the two middle ones of each token, int32 (tokens, 3), of those with finite squares."""
    n_tokens, width = bits.shape
    for token in range(n_tokens):
        if math.isfinite(squares[token]):
            row = bits[token]
            largest = np.int32(0)
            for i in range(width):
                largest = max(largest, row[i] & _SIZE)
            sizes[token, 0] = largest
            sizes[token, 1], sizes[token, 2] = _middle_sizes(row, few)


def largest_over_median(values: Array, squares: Floats) -> Floats:
    """Max |x| / median |x| of each token, (tokens,), of C-contiguous tokens × width; NaN where that is undefined.

    Args:
        values: float32 (tokens, width).
        squares: of each token, see `squares_by_token`; not finite where a number of it is not.
    """
    bits = np.zeros((len(values), 3), np.int32)
    if values.shape[1]:
        _token_sizes(values.view(np.int32), squares, np.empty(_FEW, np.int32), bits)
    sizes = bits.view(np.float32)
    medians = ((sizes[:, 1] + sizes[:, 2]) / np.float32(2)).astype(np.float64)
    ratios: Floats = np.divide(sizes[:, 0], medians, out=np.full(len(values), np.nan), where=medians > 0)
    return ratios


def over_prompts(columns: Floats, largest: Sequence[bool], bounds: Bounds, begin: int) -> Floats:
    """Figures of tokens, reduced to those of prompts.

    Tokens where a figure is undefined do not count; where the size of one that counts is not finite, there is none.

    Args:
        columns: float64 (1 + figures, tokens): sizes of the tokens, and the figures of each.
        largest: of each figure, whether the largest counts and not the median.
        bounds: int64 (prompts + 1,), the first token of each prompt, and the end of the last; none is empty.
        begin: tokens of each prompt that do not count.

    Returns:
        float64 (2, figures, prompts): over the tokens that count, and of each first token.
    """
    lengths = np.diff(bounds)
    places = np.arange(lengths.max())
    there = places < lengths[:, None]
    counted = there & (places >= begin)
    table = np.full((len(columns), *there.shape), np.nan)  # figures × prompts × tokens
    table[:, there] = columns
    counts = np.isfinite(table) & counted
    whole = (counts[0] | ~counted).all(axis=1)
    ordered = np.sort(np.where(counts[1:], table[1:], np.inf), axis=2)
    number = counts[1:].sum(axis=2)
    last = np.maximum(number - 1, 0)
    middle = (_picked(ordered, last // 2) + _picked(ordered, number // 2)) / 2
    over = np.where(np.asarray(largest)[:, None], _picked(ordered, last), middle)
    over[(number == 0) | ~whole] = np.nan
    return np.stack([over, np.where(np.isfinite(table[0, :, 0]), table[1:, :, 0], np.nan)])


def _picked(values: Floats, places: npt.NDArray[np.int64]) -> Floats:
    """One of the last of three dimensions, for each of the others."""
    n_figures, n_prompts = places.shape
    picked: Floats = values[np.arange(n_figures)[:, None], np.arange(n_prompts), places]
    return picked
