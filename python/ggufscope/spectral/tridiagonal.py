"""Eigenvalues of a symmetric band: bulges are chased off its end until three diagonals are left, then QL steps.

Compiled loops. A band of row i holds the columns from i − 2 width to i, of which those before i − width are room for
bulges: after a column is brought to one number below the diagonal, a block below has grown by a triangle, whose first
column is brought into the band again, and so on to the end (Lang 1993; Haidar, Ltaief and Dongarra 2011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays.compiled import compiled_in_any_order

if TYPE_CHECKING:
    from ..arrays.floats import Floats


@compiled_in_any_order
def chase(band: Floats, width: int, first: int, last: int) -> None:  # pragma: no cover  compiled
    """Bring the columns from `first` to before `last` to one number below the diagonal, in place.

    Args:
        band: float64 (n, 2 width + 1); its columns before `first` are done.
        width: of the band, beside its diagonal.
        first: column.
        last: column.
    """
    n, at = band.shape[0], 2 * width  # column c of row i is band[i, at + c - i]
    v, column, room = np.zeros(width), np.zeros(width), np.zeros(width)
    for k in range(first, min(last, n - 2)):
        begin, size = k + 1, min(width, n - 1 - k)
        for i in range(size):
            column[i] = band[begin + i, at + k - begin - i]
        top, factor = _reflection(column, size)
        v[:size] = column[:size]
        band[begin, at + k - begin] = top
        for i in range(1, size):
            band[begin + i, at + k - begin - i] = 0.0
        while True:
            _on_both_sides(band, (begin, size), v, factor, room)
            below, n_below = begin + size, min(width, n - begin - size)
            if n_below < 1:
                break
            block = begin, size, below, n_below
            _from_the_right(band, block, v, factor, column)
            if n_below < 2:
                break
            top, factor = _reflection(column, n_below)
            _from_the_left(band, block, column, factor, room)
            band[below, at + begin - below] = top
            for i in range(1, n_below):
                band[below + i, at + begin - below - i] = 0.0
            v[:n_below] = column[:n_below]
            begin, size = below, n_below


@compiled_in_any_order
def _reflection(x: Floats, size: int) -> tuple[float, float]:  # pragma: no cover  compiled
    """The reflection 1 − factor v vᵀ that leaves of x its first number alone: that and `factor`; v takes x's place."""
    rest = 0.0
    for i in range(1, size):
        rest += x[i] * x[i]
    first = x[0]
    x[0] = 1.0
    if rest == 0.0:
        return first, 0.0
    top = -np.sqrt(first * first + rest) if first >= 0 else np.sqrt(first * first + rest)
    scale = 1.0 / (first - top)
    for i in range(1, size):
        x[i] *= scale
    return top, (top - first) / top


@compiled_in_any_order
def _on_both_sides(
    band: Floats, rows: tuple[int, int], v: Floats, factor: float, room: Floats
) -> None:  # pragma: no cover  compiled
    """Reflect the block on the diagonal: D − v wᵀ − w vᵀ."""
    begin, size = rows
    at = band.shape[1] - 1
    for i in range(size):
        room[i] = 0.0
    for i in range(size):
        row, here, total = band[begin + i, at - i : at + 1], v[i], 0.0
        for j in range(i):
            total += row[j] * v[j]
            room[j] += row[j] * here
        room[i] += total + row[i] * here
    overlap = 0.0
    for i in range(size):
        room[i] *= factor
        overlap += room[i] * v[i]
    overlap *= 0.5 * factor
    for i in range(size):
        room[i] -= overlap * v[i]
    for i in range(size):
        row, here, change = band[begin + i, at - i : at + 1], v[i], room[i]
        for j in range(i + 1):
            row[j] -= here * room[j] + change * v[j]


@compiled_in_any_order
def _from_the_right(
    band: Floats, block: tuple[int, int, int, int], v: Floats, factor: float, column: Floats
) -> None:  # pragma: no cover  compiled
    """Reflect the block below from the right, and read its first column."""
    begin, size, below, n_below = block
    at = band.shape[1] - 1
    for i in range(n_below):
        start = at + begin - below - i
        row, total = band[below + i, start : start + size], 0.0
        for j in range(size):
            total += row[j] * v[j]
        total *= factor
        for j in range(size):
            row[j] -= total * v[j]
        column[i] = row[0]


@compiled_in_any_order
def _from_the_left(
    band: Floats, block: tuple[int, int, int, int], v: Floats, factor: float, room: Floats
) -> None:  # pragma: no cover  compiled
    """Reflect the block below from the left."""
    begin, size, below, n_below = block
    at = band.shape[1] - 1
    for j in range(size):
        room[j] = 0.0
    for i in range(n_below):
        start = at + begin - below - i
        row, here = band[below + i, start : start + size], v[i]
        for j in range(size):
            room[j] += here * row[j]
    for i in range(n_below):
        start = at + begin - below - i
        row, here = band[below + i, start : start + size], factor * v[i]
        for j in range(size):
            row[j] -= here * room[j]


@compiled_in_any_order
def tridiagonal_eigenvalues(diagonal: Floats, beside: Floats) -> Floats:  # pragma: no cover  compiled
    """The eigenvalues of a symmetric matrix of three diagonals, ascending: QL steps without roots (Pal, Walker, Kahan).

    Args:
        diagonal: (n,); it is used up.
        beside: (n − 1,), numbers beside the diagonal.
    """
    n = len(diagonal)
    squares = np.zeros(n)
    squares[: n - 1] = beside * beside
    largest = 0.0
    for i in range(n):
        largest = max(largest, diagonal[i] * diagonal[i], squares[i])
    nothing = largest * 2.0**-104  # ε² of the norm: an eigenvalue changes by ε of it
    for first in range(n):
        while True:
            last = first
            while last < n - 1 and squares[last] > nothing:
                last += 1
            if last == first:
                break
            here, root = diagonal[first], np.sqrt(squares[first])
            shift = (diagonal[first + 1] - here) / (2.0 * root)
            length = np.hypot(shift, 1.0)
            shift = here - root / (shift + (length if shift >= 0 else -length))
            cosine, sine, gamma = 1.0, 0.0, diagonal[last] - shift
            power = gamma * gamma
            for i in range(last - 1, first - 1, -1):
                square = squares[i]
                total = power + square
                if i != last - 1:
                    squares[i + 1] = sine * total
                earlier, cosine, sine = cosine, power / total, square / total
                before, alpha = gamma, diagonal[i]
                gamma = cosine * (alpha - shift) - sine * before
                diagonal[i + 1] = before + (alpha - gamma)
                power = gamma * gamma / cosine if cosine != 0.0 else earlier * square
            squares[first], diagonal[first] = sine * power, shift + gamma
    return np.sort(diagonal)
