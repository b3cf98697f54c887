"""The text form of a sparse histogram in saved profiles.

The bins are fixed for every tensor: bin = ±(float32 bits >> 18) of the magnitude, 32 bins per power of two, negative
values as −1 − (bits >> 18). Only the bins that hold something are written:

    text   = base64(zlib(varints))
    varints: n                     number of bins
             first bin             zigzag
             gap to the next bin   − 1, n − 1 of them
             count − count before  zigzag, n of them (neighbouring bins are about equally full: half the size)

A varint is little-endian base 128, the high bit set on all bytes but the last; zigzag maps 0, −1, 1, −2 … to
0, 1, 2, 3 ….
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Histogram: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.uint64]]
Integers: TypeAlias = npt.NDArray[np.int64]

BIN_SHIFT = 18
LOWEST_BIN, HIGHEST_BIN = -1 - (0x7F7FFFFF >> BIN_SHIFT), 0x7F7FFFFF >> BIN_SHIFT

_ZLIB_LEVEL = 9
_MOST_BINS = HIGHEST_BIN - LOWEST_BIN + 1
_LARGEST_TEXT = 9 * (1 + 2 * _MOST_BINS)  # bytes of varints; a small text may unpack to gigabytes


def encode(histogram: Histogram) -> str:
    """The text of a histogram, the same on every machine with the same zlib.

    Args:
        histogram: (int32 bins, uint64 counts), bins ascending without repeats, counts > 0.
    """
    bins, counts = (np.asarray(part).astype(np.int64) for part in histogram)
    numbers = np.concatenate(
        [[len(bins)], _zigzag(bins[:1]), np.diff(bins) - 1, _zigzag(np.diff(counts, prepend=0))],
    ).astype(np.uint64)
    return base64.b64encode(zlib.compress(_varints(numbers), _ZLIB_LEVEL)).decode()


def decode(text: str) -> Histogram:
    """The histogram of a text.

    Returns:
        (int32 bins, uint64 counts), ascending by bin.

    Raises:
        ValueError: The text is not the form drawn above.
    """
    try:
        return _decoded(text)
    except ValueError as error:
        message = str(error)
    raise ValueError(message)  # a new one: the frames of the first hold all that was unpacked


def _decoded(text: str) -> Histogram:
    numbers = _numbers(_unpack(text))
    n = int(numbers[0])
    if len(numbers) != 1 + 2 * n:
        raise ValueError("malformed histogram: the number of bins does not fit its length")
    gaps = numbers[2 : 1 + n]
    if n and (gaps.min(initial=0) < 0 or gaps.max(initial=0) > HIGHEST_BIN - LOWEST_BIN):
        raise ValueError("malformed histogram: a bin is out of range")
    bins = np.concatenate([_unzigzag(numbers[1 : 1 + min(n, 1)]), gaps + 1]).cumsum()
    counts = _unzigzag(numbers[1 + n :]).cumsum()
    if n and not LOWEST_BIN <= bins[0] <= bins[-1] <= HIGHEST_BIN:
        raise ValueError("malformed histogram: a bin is out of range")
    if np.any(counts <= 0):
        raise ValueError("malformed histogram: a bin without a count")
    return bins.astype(np.int32), counts.astype(np.uint64)


def histogram_edges(bins: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The smallest and the largest float32 of each bin of a histogram, by value.

    Bins are the same for every tensor, 32 in each octave: a bin has the number `bits >> 18` of its float32, which cuts
    the mantissa after five bits; a negative one `-1 - (bits >> 18)` of its magnitude (docs/metrics.md). Those that hold
    something are in `statistics.histogram`, a pair of their numbers and counts, ascending.

    Args:
        bins: numbers of bins, of any shape.

    Returns:
        `(low, high)`, float32 of that shape; both ends belong to the bin.

    Example:
        >>> low, high = histogram_edges([0x3F800000 >> 18])
        >>> float(low[0]), float(high[0])
        (1.0, 1.0312498807907104)
        >>> bins, counts = statistics.histogram                                 # doctest: +SKIP
        >>> low, high = gs.histogram_edges(bins)                                # doctest: +SKIP
    """
    index = np.asarray(bins, dtype=np.int64)
    negative = index < 0
    bits = np.where(negative, -1 - index, index) << BIN_SHIFT
    inner = bits.astype(np.uint32).view(np.float32)
    outer = (bits | ((1 << BIN_SHIFT) - 1)).astype(np.uint32).view(np.float32)
    return np.where(negative, -outer, inner), np.where(negative, -inner, outer)


def _zigzag(values: Integers) -> Integers:
    return (values << 1) ^ (values >> 63)


def _unzigzag(values: Integers) -> Integers:
    return (values >> 1) ^ -(values & 1)


def _varints(numbers: npt.NDArray[np.uint64]) -> bytes:
    """Every number in 10 columns of 7 bits, then the columns that are not leading zeros, row by row."""
    digits = (numbers[:, None] >> (7 * np.arange(10, dtype=np.uint64))) & np.uint64(127)
    length = np.maximum(1, 10 - np.argmax(digits[:, ::-1] != 0, axis=1))
    length[numbers == 0] = 1
    column = np.arange(10)
    digits |= np.where(column < length[:, None] - 1, 128, 0).astype(np.uint64)
    written: bytes = digits[column < length[:, None]].astype(np.uint8).tobytes()
    return written


def _numbers(data: bytes) -> Integers:
    digits = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(digits < 128)
    if len(digits) == 0 or ends.size == 0 or ends[-1] != len(digits) - 1:
        raise ValueError("malformed histogram: it ends within a number")
    starts = np.concatenate([[0], ends[:-1] + 1])
    length = ends - starts + 1
    if length.max() > 9:
        raise ValueError("malformed histogram: a number of more than 63 bits")
    place = np.arange(len(digits)) - np.repeat(starts, length)
    return np.add.reduceat((digits & 127).astype(np.int64) << (7 * place), starts)


def _unpack(text: str) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text, validate=True), _LARGEST_TEXT)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError(f"malformed histogram: {error}") from None
    if not unpacker.eof:
        raise ValueError("malformed histogram: truncated")
    return data
