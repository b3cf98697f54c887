"""Rows that are equal or nearly so, among very many, without comparing all with all.

Every row is told by the products of its direction with a few random vectors, its signature. Rows of one direction have
one signature, and rows whose cosine is LEAST_COSINE signatures that lie within a small distance; those few are compared
weight by weight.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import ahead, compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats

LEAST_COSINE = 0.9999  # of rows that count as equal
SIGNATURE = 3  # random vectors
_MOST_COMPARED = 1 << 17  # rows, beyond any FFN; of more, those with equal signatures alone
_NEIGHBOURS = 8  # other rows near by that a row is compared with
# Two unit vectors of that cosine differ by a vector of this length; products with it are so many normal deviations.
_DISTANCE = math.sqrt(2 * (1 - LEAST_COSINE))
_DEVIATIONS = 6.0


def random_vectors(width: int, seed: int, count: int = SIGNATURE) -> Floats:
    """Vectors to multiply rows with, (count, width): the same for a seed."""
    return np.random.default_rng((seed, width)).standard_normal((count, width))


def alike_groups(signatures: Floats, same: Callable[[int, Sequence[int]], list[bool]]) -> list[list[int]]:
    """Groups of two rows or more that are the same, each in order, the largest first.

    Args:
        signatures: (rows, numbers), products of unit rows with random vectors; a row with NaN is like no other.
        same: tells of some rows which are the same as a first one.
    """
    known = np.flatnonzero(np.isfinite(signatures).all(axis=1))
    if len(known) < 2:
        return []
    alone, together = by_signature(signatures, known)
    groups: dict[int, list[int]] = {}  # of each leader of more than one row
    for first, *others in together:
        agreed = same(first, others)
        groups[first] = [first, *(row for row, is_same in zip(others, agreed, strict=True) if is_same)]
    leaders = np.sort(np.concatenate([alone, np.array(list(groups), np.int64)]))
    near_by = _neighbours(signatures, leaders) if len(leaders) <= _MOST_COMPARED else {}
    joined: set[int] = set()  # leaders that are in the group of another by now
    for leader, near in near_by.items():
        others = [other for other in near if other not in joined]
        if leader not in joined and others:
            for other, is_same in zip(others, same(leader, others), strict=True):
                if is_same:
                    groups[leader] = sorted(groups.get(leader, [leader]) + groups.pop(other, [other]))
                    joined.add(other)
    return sorted((group for group in groups.values() if len(group) > 1), key=lambda group: (-len(group), group))


def by_signature(signatures: Floats, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], list[list[int]]]:
    """The rows with a signature of their own, and the groups of those with equal ones, in order.

    Args:
        signatures: of all rows, (all, numbers).
        rows: rising.
    """
    if len(rows) == 0:
        return rows, []
    order = rows[np.argsort(signatures[rows, 0], kind="stable")]  # few share even their first number
    equal = np.diff(signatures[order, 0]) == 0
    alone = ~(np.append(equal, False) | np.append(False, equal))
    shared = np.sort(order[~alone])
    if len(shared) == 0:
        return order, []
    shared = shared[np.lexsort(signatures[shared].T[::-1])]
    starts = np.flatnonzero(np.append(True, (signatures[shared[1:]] != signatures[shared[:-1]]).any(axis=1)))
    ends = np.append(starts[1:], len(shared))
    single = ends - starts == 1
    groups = [shared[start:end].tolist() for start, end in zip(starts[~single], ends[~single], strict=True)]
    return np.concatenate([order[alone], shared[starts[single]]]), sorted(groups)


def _neighbours(signatures: Floats, rows: npt.NDArray[np.int64]) -> dict[int, list[int]]:
    """Row → rows behind it whose signatures lie near its own, at most _NEIGHBOURS of them, in order."""
    order = rows[np.argsort(signatures[rows, 0], kind="stable")]
    near = np.full((len(order), _NEIGHBOURS), -1)
    find_neighbours(np.ascontiguousarray(signatures[order]), _DEVIATIONS * _DISTANCE, near)
    pairs: dict[int, list[int]] = {}
    for place, other in np.argwhere(near >= 0):
        pair = sorted((int(order[place]), int(order[near[place, other]])))
        pairs.setdefault(pair[0], []).append(pair[1])
    return {row: sorted(others) for row, others in sorted(pairs.items())}


@ahead("float64[:, ::1], float64, int64[:, ::1]")
@compiled
def find_neighbours(points: Floats, radius: float, near: npt.NDArray[np.int64]) -> None:  # pragma: no cover  compiled
    """Write into each row of `near` the numbers of the first points behind it that lie within a distance.

    Args:
        points: (n, dimensions), C-contiguous, rising in the first dimension.
        radius: the distance.
        near: (n, most), −1 for none.
    """
    n_points, n_dimensions = points.shape
    for point in range(n_points):
        count = 0
        for other in range(point + 1, n_points):
            if points[other, 0] - points[point, 0] > radius or count == near.shape[1]:
                break
            square = 0.0
            for dimension in range(n_dimensions):
                difference = points[other, dimension] - points[point, dimension]
                square += difference * difference
                if square > radius * radius:
                    break
            if square <= radius * radius:
                near[point, count] = other
                count += 1


def cosines(first: Floats, others: Floats) -> Floats:
    """Cosine of a row with each of others, (others,)."""
    lengths = np.linalg.norm(first) * np.linalg.norm(others, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine: Floats = others @ first / lengths
    return cosine


def in_words(least_cosine: float) -> str:
    """The least of some cosines, behind "is".

    >>> in_words(0.99995), in_words(0.9999999999)
    ('at least 0.99995', '1')
    """
    text = f"{least_cosine:.6g}"
    return text if text == "1" else f"at least {text}"
