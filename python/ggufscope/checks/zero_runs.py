"""Runs of zero bytes inside the data of a tensor: holes that a broken download or disk leaves behind.

Eight bytes of every 512 are looked at, and where three such in a row are zero, all bytes around them: an eighth of the
cache lines is touched, and every run of 2 KiB and more is found, to the byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..models.tensor import Tensor

    Bytes = npt.NDArray[np.uint8]

LEAST = 2048  # bytes of a run
_STRIDE = 512
_WORD = 8
_IN_A_ROW = LEAST // _STRIDE - 1  # words looked at that a run of that size holds at least
_FIRST_WINDOW, _LAST_WINDOW = 1 << 10, 1 << 20


class ZeroRun(NamedTuple):
    """A run of zero bytes: its beginning and the byte behind it, from the tensor's first byte."""

    begin: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.begin


def zero_runs(tensor: Tensor, most: int = 4096) -> list[ZeroRun]:
    """The runs of at least 2 KiB in the bytes of a tensor, in order; at most so many."""
    data = tensor.data.reshape(-1)
    runs: list[ZeroRun] = []
    for at in _candidates(data):
        if runs and at < runs[-1].end:
            continue
        run = ZeroRun(_begin(data, at), _end(data, at))
        if run.size >= LEAST:
            runs.append(run)
            if len(runs) == most:
                break
    return runs


def _candidates(data: Bytes) -> list[int]:
    """Positions of the first of so many zero words in a row, of those that are looked at."""
    words = _words(data)
    zero: npt.NDArray[np.bool_] = np.logical_not(np.any(words, axis=1))
    n = len(zero) - _IN_A_ROW + 1
    if n <= 0:
        return []
    together = np.logical_and.reduce([zero[first : first + n] for first in range(_IN_A_ROW)])
    return [int(place) * _STRIDE for place in np.flatnonzero(together)]


def _words(data: Bytes) -> Bytes:
    """Eight bytes of every 512, (n, 8), or (n, 1) words of 64 bits where they are aligned."""
    whole = data[: data.size // _STRIDE * _STRIDE]
    if data.ctypes.data % _WORD == 0:
        return whole.view(np.uint64)[:: _STRIDE // _WORD, None]  # type: ignore[return-value]
    return whole.reshape(-1, _STRIDE)[:, :_WORD]


def _end(data: Bytes, at: int) -> int:
    """The first byte from `at` on that is not zero."""
    window = _FIRST_WINDOW
    while at < data.size:
        there = np.flatnonzero(data[at : at + window])
        if there.size:
            return at + int(there[0])
        at += window
        window = min(2 * window, _LAST_WINDOW)
    return data.size


def _begin(data: Bytes, at: int) -> int:
    """The first of the zero bytes that end in front of `at`."""
    window = _FIRST_WINDOW
    while at > 0:
        start = max(0, at - window)
        there = np.flatnonzero(data[start:at])
        if there.size:
            return start + int(there[-1]) + 1
        at = start
        window = min(2 * window, _LAST_WINDOW)
    return 0
