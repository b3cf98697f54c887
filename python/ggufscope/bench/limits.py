"""Limits of the memory: reading and storing bytes with nothing else to do.

NumPy's maximum of a buffer and the C library's memset run at the speed of memory and without the GIL on every platform.
In turn with loops of 64-byte loads and 64-byte non-temporal stores, on a quiet AVX-512 machine with glibc 2.36, the
maximum of 32-bit integers took 1.00 to 1.02 times as long, and memset, given all of a thread's share at once, 1.05 to
1.09 times. (In pieces of 8 MB it stores through the cache, 1.22 to 1.37 times, as NumPy's `fill` always does.)
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Sequence
from functools import cache
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays.pool import Pool

Bytes = npt.NDArray[np.uint8]

_SMALLEST_PIECE, _LARGEST_PIECE = 1 << 20, 8 << 20


def read(data: Bytes, threads: int) -> None:
    """Look at every byte of `data`, shape (n,), the threads taking the next piece when they are done with one."""
    n_bytes = len(data)
    words = data[: n_bytes // 4 * 4].view(np.int32)
    piece = min(max(n_bytes // (4 * threads), _SMALLEST_PIECE), _LARGEST_PIECE) // 4
    _for_each(np.maximum.reduce, [words[first : first + piece] for first in range(0, len(words), piece)], threads)
    if n_bytes % 4:
        np.maximum.reduce(data[4 * len(words) :])


def store(out: npt.NDArray[np.generic], threads: int) -> None:
    """Overwrite every byte of a contiguous array as fast as stores go, one stretch per thread."""
    _for_each(_overwrite, np.array_split(out.reshape(-1).view(np.uint8), threads), threads)


def read_files(files: Sequence[str | PathLike[str]], threads: int) -> None:
    """Look at every byte of the files through fresh mappings; their page faults are part of it, as of profiling."""
    for file in files:
        with open(file, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            data = np.frombuffer(mapped, np.uint8)
            read(data, threads)
            del data  # a mapping with views cannot be closed


def _overwrite(piece: Bytes) -> None:
    # Not 0: some processors drop the write of zeros over zeros.
    ctypes.memset(piece.ctypes.data, 1, piece.nbytes)


def _for_each(work: Callable[[npt.NDArray[Any]], object], pieces: Sequence[npt.NDArray[Any]], threads: int) -> None:
    if threads == 1:
        for piece in pieces:
            work(piece)
    else:
        _pool(threads).map(work, pieces)


@cache
def _pool(threads: int) -> Pool:
    """Kept, so that a limit does not pay for starting threads."""
    return Pool(threads, "ggufscope-bench")
