"""A symmetric matrix reduced to a band with the same eigenvalues: nearly all of it products of matrices.

LAPACK's reduction to three diagonals reads the whole matrix once per column, at the speed of memory. This one treats
`WIDTH` columns at a time (Bischof, Lang and Sun 2000): below the band of a panel stands V, T of its QR decomposition,
and the rest S becomes (1 − V T Vᵀ)ᵀ S (1 − V T Vᵀ) = S − W Vᵀ − V Wᵀ. `tridiagonal` does the rest of the way.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from ..arrays.floats import Floats

WIDTH = 64  # of the band, beside its diagonal
_CHUNK = 256  # rows of S that are changed at once, so that what changes is in cache


def band_of(matrix: npt.NDArray[Any], look: Callable[[], object]) -> Floats:
    """The band of a symmetric matrix.

    Args:
        matrix: float32 or float64, (n, n) with n > WIDTH; it is used up.
        look: called now and then; may raise to give up.

    Returns:
        Row i holds the columns from i − 2 WIDTH to i, those before i − WIDTH as zeros: float64 (n, 2 WIDTH + 1).
    """
    n = len(matrix)
    for first in range(0, n - WIDTH - 1, WIDTH):
        look()
        below = first + WIDTH
        v, t, r = _reflections(matrix[below:, first:below])
        matrix[below:, first:below] = 0
        matrix[below : below + len(r), first:below] = r
        chunks = [(start - below, end - below) for start, end in pairwise(_cuts(below, n))]
        _reflect(matrix[below:, below:], v, t, chunks)
    band = np.zeros((n, 2 * WIDTH + 1))
    for distance in range(WIDTH + 1):
        band[distance:, 2 * WIDTH - distance] = np.diagonal(matrix, -distance)
    return band


def _cuts(first: int, last: int) -> list[int]:
    """Where chunks begin and end: at multiples of their size, so that blocks on the diagonal stay whole."""
    return [first, *range((first // _CHUNK + 1) * _CHUNK, last, _CHUNK), last]


def _reflections(panel: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """V, T and R of a panel: panel = (1 − V T Vᵀ) R (LAPACK's larft).

    V is of the type of the panel, T and R are of float64: T is that of V as rounded, so that 1 − V T Vᵀ is orthogonal
    to float64. If it did not, panel after panel would shrink or stretch the eigenvalues.
    """
    raw, factors = np.linalg.qr(panel.astype(np.float64, copy=False), mode="raw")
    n = len(factors)
    r = np.triu(raw.T[:n])
    exact = np.ascontiguousarray(raw.T[:, :n])
    exact[:n] = np.tril(exact[:n], -1) + np.eye(n)
    v = exact.astype(panel.dtype, copy=False)
    wide = v.astype(np.float64, copy=False)
    overlaps = wide.T @ wide
    t = np.zeros((n, n))
    for column in np.flatnonzero(factors):
        t[column, column] = 2 / overlaps[column, column]
        t[:column, column] = -t[column, column] * (t[:column, :column] @ overlaps[:column, column])
    return v, t, r


def _reflect(rest: npt.NDArray[Any], v: npt.NDArray[Any], t: npt.NDArray[Any], chunks: list[tuple[int, int]]) -> None:
    """S − W Vᵀ − V Wᵀ in place, of which the blocks on and below the diagonal are kept."""
    product = np.zeros_like(v)  # S V
    for start, end in chunks:
        product[start:end] += rest[start:end, :end] @ v[:end]
        if start:
            product[:start] += rest[start:end, :start].T @ v[start:end]
    x = product @ t
    w = (x - 0.5 * (v @ (t.T @ (v.T @ x)))).astype(v.dtype, copy=False)
    left, right = np.hstack([w, v]), np.ascontiguousarray(np.hstack([v, w]).T)
    room = np.empty(_CHUNK * len(v), v.dtype)
    for start, end in chunks:
        change = room[: (end - start) * end].reshape(end - start, end)
        np.matmul(left[start:end], right[:, :end], out=change)
        rest[start:end, :end] -= change
