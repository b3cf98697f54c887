"""Taking a file out of the page cache, and finding out whether that worked."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path

import numpy as np


def evict(file: Path) -> None:
    """Ask the system to forget a file's pages. It keeps those that are mapped or wait to be written."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cached_share(file: Path) -> float:
    """The share of a file's pages that are in the page cache, as mincore tells."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        data = np.frombuffer(mapped, np.uint8)
        pages = np.zeros(-(-len(data) // mmap.PAGESIZE), np.uint8)
        failed = libc.mincore(data.ctypes.data, len(data), pages.ctypes.data)
        del data
    if failed:
        raise OSError(ctypes.get_errno(), "mincore")
    return float((pages & 1).mean())


def why_not_evictable(file: Path) -> str | None:
    """Evict a file; None if that worked, or what to say instead."""
    if not hasattr(os, "posix_fadvise"):
        return "this system has no posix_fadvise, the file cannot be taken out of the page cache"
    evict(file)
    share = cached_share(file)
    return (
        f"{100 * share:.0f} % of the file stay in the page cache: others map it, or it lies in memory"
        if share > 0.02
        else None
    )
