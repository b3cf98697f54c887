"""Tables of integers side by side: how many of their entries are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..models.tensor import Tensor

_ENTRIES = 1 << 20  # compared at once


def count_equal(first: Tensor, second: Tensor) -> int:
    """Entries that are equal, of two tables of as many entries, of whatever width.

    Raises:
        GGUFError: A file shrank since it was opened.
    """
    n = first.n_elements
    ranges = [(begin, min(begin + _ENTRIES, n)) for begin in range(0, n, _ENTRIES)]
    return sum(int(np.equal(_entries(first, *each), _entries(second, *each)).sum()) for each in ranges)


def _entries(table: Tensor, begin: int, end: int) -> np.ndarray:
    width = table.n_bytes // table.n_elements
    order = ">" if table.block_rows().swapped else "<"
    return np.frombuffer(table.read(begin * width, (end - begin) * width), f"{order}i{width}")
