"""Work in a few threads, for functions that release the GIL."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from .pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> list[Result]:
    """Call `work` with every item, in threads, and return the results in the order of the items."""
    with Pool(threads) as pool:
        return pool.map(work, items)


def slices(n: int, threads: int) -> list[slice]:
    """Cut 0 … n − 1 into at most `threads` runs of about equal length."""
    edges = np.linspace(0, n, threads + 1).astype(int)
    return [slice(int(a), int(b)) for a, b in pairwise(edges) if a < b]
