"""What memory can do: reading and storing bytes with nothing else to do.

NumPy's largest byte of a buffer and the C library's memset run at the speed of memory and without the GIL, on every
platform. Compared in turn with loops of 64-byte loads and of 64-byte non-temporal stores they took as long, within the
noise; NumPy's own `fill`, which stores through the cache, took up to half again as long as memset.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from os import PathLike

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_SMALLEST_PIECE, _LARGEST_PIECE = 1 << 20, 8 << 20


def read(data: Bytes, threads: int) -> None:
    """Look at every byte of `data`, shape (n,)."""
    _in_pieces(np.maximum.reduce, data, threads)


def store(out: npt.NDArray[np.generic], threads: int) -> None:
    """Overwrite every byte of a contiguous array as fast as stores go."""
    _in_pieces(_overwrite, out.reshape(-1).view(np.uint8), threads)


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


def _in_pieces(work: Callable[[Bytes], object], data: Bytes, threads: int) -> None:
    """Work through `data`, every thread taking the next piece when it is done with one."""
    size = min(max(len(data) // (4 * threads), _SMALLEST_PIECE), _LARGEST_PIECE)
    pieces = [data[first : first + size] for first in range(0, len(data), size)]
    if threads == 1:
        for piece in pieces:
            work(piece)
    else:
        list(_pool(threads).map(work, pieces))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Kept, so that a limit does not pay for starting threads."""
    return ThreadPoolExecutor(threads, "ggufscope-bench")
