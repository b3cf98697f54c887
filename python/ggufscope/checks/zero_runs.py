"""Runs of zero bytes inside the data of a tensor: holes that a broken download or disk leaves behind.

Eight bytes of every 512 are looked at, and where three such in a row are zero, all bytes around them: every run of
2 KiB and more is found, to the byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .pieces import bytes_of, pieces

if TYPE_CHECKING:
    from ..models.tensor import Tensor

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
    """The runs of at least 2 KiB in the bytes of a tensor, in order; at most so many.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    runs: list[ZeroRun] = []
    for at in _candidates(tensor):
        if runs and at < runs[-1].end:
            continue
        run = ZeroRun(_begin(tensor, at), _end(tensor, at))
        if run.size >= LEAST:
            runs.append(run)
            if len(runs) == most:
                break
    return runs


def _candidates(tensor: Tensor) -> list[int]:
    """Positions of the first of so many zero words in a row, of those that are looked at."""
    if tensor.n_bytes < LEAST:
        return []
    looked_at = [
        piece[: len(piece) // _STRIDE * _STRIDE].view(np.uint64)[:: _STRIDE // _WORD] == 0
        for _, piece in pieces(tensor, _STRIDE)
    ]
    zero = np.concatenate(looked_at)
    n = len(zero) - _IN_A_ROW + 1
    if n <= 0:
        return []
    together = np.logical_and.reduce([zero[first : first + n] for first in range(_IN_A_ROW)])
    return [int(place) * _STRIDE for place in np.flatnonzero(together)]


def _end(tensor: Tensor, at: int) -> int:
    """The first byte from `at` on that is not zero."""
    window = _FIRST_WINDOW
    while at < tensor.n_bytes:
        there = np.flatnonzero(bytes_of(tensor, at, min(tensor.n_bytes, at + window)))
        if there.size:
            return at + int(there[0])
        at += window
        window = min(2 * window, _LAST_WINDOW)
    return tensor.n_bytes


def _begin(tensor: Tensor, at: int) -> int:
    """The first of the zero bytes that end in front of `at`."""
    window = _FIRST_WINDOW
    while at > 0:
        start = max(0, at - window)
        there = np.flatnonzero(bytes_of(tensor, start, at))
        if there.size:
            return start + int(there[-1]) + 1
        at = start
        window = min(2 * window, _LAST_WINDOW)
    return 0
