"""Block Lanczos: the largest and smallest eigenvalues of a large symmetric matrix, and how its spectrum is spread.

From a block X of random columns, the space of X, G X, G² X, … gets an orthonormal basis Q (Golub and Underwood 1977),
all of it made orthogonal again at each step. The eigenvalues θ of T = Qᵀ G Q are the Ritz values: those at both ends
come close to eigenvalues of G first, each within its residual ‖G y − θ y‖. For any smooth f, column x of X has
xᵀ f(G) x ≈ Σ w f(θ), w the squared share of x in each Ritz vector (Golub and Meurant's quadrature), whose mean over
random columns is the trace of f(G) (Ubaru, Chen and Saad 2017): weights w of each column, a probe, are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..arrays.floats import Floats


@dataclass(frozen=True, eq=False)
class Ritz:
    """What a run has.

    Attributes:
        values: Ritz values, descending.
        residuals: ‖G y − θ y‖ of each: an eigenvalue lies within.
        weights: (probes, values): shares of a probe in each Ritz vector, squared; of mean n in all.
    """

    values: Floats
    residuals: Floats
    weights: Floats

    def divided(self, number: float) -> Ritz:
        """Those of the matrix divided by a number."""
        return Ritz(self.values / number, self.residuals / number, self.weights)

    def resolved(self, tolerance: float) -> int:
        """How many of the largest have a residual of at most this share of themselves."""
        far = self.residuals > tolerance * np.maximum(self.values, 0)
        return int(np.argmax(far)) if far.any() else len(far)

    def apart(self, tolerance: float) -> int:
        """How many of the largest come before as many as there are probes within this share of each other.

        Of an eigenvalue that is there more often than that, or of a crowd of them, a block sees no more.
        """
        width = len(self.weights)
        first = self.values[: max(0, len(self.values) - width + 1)]
        crowded = first - self.values[width - 1 :] <= tolerance * np.abs(first)
        return int(np.argmax(crowded)) if crowded.any() else len(self.values)


def ritz_of(
    multiply: Callable[[Floats], Floats], start: Floats, steps: int, resolution: float
) -> tuple[Ritz, Ritz | None]:
    """What a run has at its end, and what it had a step before; None where there is no more to see.

    Args:
        multiply: product with a symmetric matrix that has no eigenvalue below 0.
        start: probes, (n, columns), of independent numbers of variance 1.
        steps: products, at most: fewer where the basis holds all that they reach.
        resolution: relative error of products; directions that are no longer than that are left out.
    """
    n, width = start.shape
    block, first = np.linalg.qr(start)
    basis = np.empty((n, min(n, steps * width)), order="F")
    reduced = np.zeros((basis.shape[1], basis.shape[1]))
    before = begin = end = 0
    nothing = 0.0
    below = np.zeros((width, 0))
    for _ in range(steps):
        before, begin, end = begin, end, end + block.shape[1]
        reduced[begin:end, before:begin] = below
        reduced[before:begin, begin:end] = below.T
        basis[:, begin:end] = block
        image = multiply(block)
        overlap = block.T @ image
        reduced[begin:end, begin:end] = (overlap + overlap.T) / 2
        nothing = max(nothing, resolution * float(np.linalg.norm(overlap, 2)))
        block, below = _next(_apart(image, basis[:, :end]), basis[:, :end], nothing)
        if not len(below) or end == basis.shape[1]:
            break
    ritz = _ritz(reduced[:end, :end], below, first, nothing)
    if not (begin and len(below)):
        return ritz, None
    return ritz, _ritz(reduced[:begin, :begin], reduced[begin:end, before:begin], first, nothing)


def _apart(block: Floats, basis: Floats) -> Floats:
    """The part of columns that the basis does not hold; twice, as rounding leaves some of it."""
    for _ in range(2):
        block = block - basis @ (basis.T @ block)
    return block


def _next(block: Floats, basis: Floats, nothing: float) -> tuple[Floats, Floats]:
    """An orthonormal basis of the columns of a block, and the columns in it; without directions that are nothing."""
    directions, triangle = np.linalg.qr(block)
    left, lengths, right = np.linalg.svd(triangle)
    kept = int(np.count_nonzero(lengths > nothing))
    kept = min(kept, len(block) - basis.shape[1])
    made = np.linalg.qr(_apart(directions @ left[:, :kept], basis))
    signs = np.where(np.diagonal(made[1]) < 0, -1.0, 1.0)  # QR turns columns around as it likes
    return made[0] * signs, lengths[:kept, None] * right[:kept]


def _ritz(reduced: Floats, below: Floats, first: Floats, noise: float) -> Ritz:
    values, vectors = np.linalg.eigh(reduced)
    values, vectors = values[::-1], vectors[:, ::-1]
    residuals = np.linalg.norm(below @ vectors[len(vectors) - below.shape[1] :], axis=0) + noise
    return Ritz(values, residuals, np.square(first.T @ vectors[: len(first)]))
