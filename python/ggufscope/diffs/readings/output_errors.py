"""Output errors of matrices: (Ŵ − W)x on what the reference's own matrix reads, while the reference reads.

x ──added up──▶ vectors ──Ŵ──▶ products ─┐
y = Wx ──added up in the same way────────┴─▶ differences ──▶ squares by row
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ...runtime.engines.streamed.tiles import product
from .grouping import MOST_SINGLE, Grouping, add_up, groups_of
from .head_columns import head_squares
from .squares import add_squares, same_weights

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ...runtime.engines.streamed.tiles import Workers
    from ...runtime.shape import Array
    from .partners import Partners

    Rows = npt.NDArray[np.int64]

_LARGEST = 4  # tokens that stay single beside groups

_grouping = cache(groups_of)


@dataclass
class Squares:
    """Sums of squares over tokens.

    Attributes:
        errors: of (Ŵ − W)x by row, tokens t ≥ 1.
        reference: of Wx, likewise.
        first_error: over first tokens and all rows.
        first_reference: likewise.
        head_errors: of (Ŵ − W)x with the columns of each head alone, t ≥ 1; empty where columns have no heads.
        head_reference: of Wx, likewise.
        n_tokens: that were multiplied.
    """

    errors: Floats
    reference: Floats
    first_error: float = 0.0
    first_reference: float = 0.0
    head_errors: Floats = field(default_factory=lambda: np.zeros(0))
    head_reference: Floats = field(default_factory=lambda: np.zeros(0))
    n_tokens: int = 0

    @classmethod
    def of(cls, partners: Partners) -> Squares:
        """No token yet."""
        rows, heads = partners.reference.n_rows, partners.column_heads
        return cls(np.zeros(rows), np.zeros(rows), head_errors=np.zeros(heads), head_reference=np.zeros(heads))


@dataclass(frozen=True)
class Product:
    """A product that the reference computes.

    Attributes:
        partners: its matrix, or some rows of it, and the model's.
        x: float32 (tokens, columns), what the matrix reads.
        y: float32 (tokens, rows), what it makes of them, with scale and bias.
        tokens: int64 (tokens,), which of all tokens they are; None: all of them.
        first: place of the rows in the matrix.
    """

    partners: Partners
    x: Array
    y: Array
    tokens: Rows | None = None
    first: int = 0


@dataclass(frozen=True)
class _Sums:
    """How tokens become vectors.

    Attributes:
        rest: int64 (tokens,), those with t ≥ 1.
        grouped: int64 (tokens,), of them, those that are added up.
        grouping: of these; None: all stay single.
        largest: int64 (tokens,), the others: the largest ones, whose errors may outweigh those of all others.
        firsts: int64 (kinds,), the first tokens, one of each kind: whatever the sequence, they are read alike.
        sizes: float32 (kinds, 1), roots of how many there are of each.
    """

    rest: Rows
    grouped: Rows
    grouping: Grouping | None
    largest: Rows
    firsts: Rows
    sizes: Array

    def of_rest(self, x: Array, workers: Workers) -> Array:
        return np.concatenate([add_up(x, self.grouped, self.grouping, workers), x[self.largest]])

    def of_first(self, x: Array) -> Array:
        sized: Array = x[self.firsts] * self.sizes
        return sized


class OutputErrors:
    """Adds up the squares of matrices that the reference multiplies.

    Args:
        opening: int64 (tokens,), the token of each that is the first of its sequence; −1 of the others.
        grouped: tokens may be added up in groups, see `grouping`.
        workers: that do the products, and are not watched.
    """

    def __init__(self, opening: Rows, *, grouped: bool, workers: Workers) -> None:
        self._opening = opening
        self._grouped = grouped
        self._workers = workers
        self._read: Array | None = None  # what the vectors are of: queries, keys and values read the same
        self._vectors = np.empty((0, 0), np.float32)
        self._sums = _sums_of(np.empty((0, 0), np.float32), np.empty(0, np.int64), grouped=False)

    def add(self, product_: Product, squares: Squares) -> None:
        """Add the squares of one product of the reference to those of its matrix."""
        partners, x, y = product_.partners, product_.x, product_.y
        opening = self._opening if product_.tokens is None else self._opening[product_.tokens]
        if self._read is not x:
            self._read = x
            self._sums = _sums_of(x, opening, grouped=self._grouped)
            self._vectors = np.concatenate([self._sums.of_rest(x, self._workers), self._sums.of_first(x)])
        rows = slice(product_.first, product_.first + partners.reference.n_rows)
        bias = np.zeros(y.shape[1], np.float32)
        if partners.reference.bias is not None:
            bias += partners.reference.bias.astype(np.float32)
        rest, first = add_squares(y, bias, opening >= 0, self._workers)
        squares.reference[rows] += rest
        squares.first_reference += float(first.sum())
        if not same_weights(partners.reference, partners.model):
            rest, first = self._error_squares(partners, y - bias if bias.any() else y)
            squares.errors[rows] += rest
            squares.first_error += float(first.sum())
        if partners.column_heads:
            head_errors, head_reference = head_squares(partners, x[self._sums.rest], self._workers)
            squares.head_errors += head_errors
            squares.head_reference += head_reference
        if product_.first == 0:
            squares.n_tokens += len(x)

    def _error_squares(self, partners: Partners, y: Array) -> tuple[Floats, Floats]:
        """Of (Ŵ − W)x by row, of tokens t ≥ 1 and of first ones; y is Wx."""
        errors = product(replace(partners.model, bias=None), self._vectors, self._workers)
        n_first = len(self._sums.firsts)
        n_rest = len(errors) - n_first
        errors[:n_rest] -= self._sums.of_rest(y, self._workers)
        errors[n_rest:] -= self._sums.of_first(y)
        is_first = np.arange(len(errors)) >= n_rest
        return add_squares(errors, np.zeros(errors.shape[1], np.float32), is_first, self._workers)

    def forget(self) -> None:
        """Hold nothing of what was read."""
        self._read = None
        self._vectors = np.empty((0, 0), np.float32)


def _sums_of(x: Array, opening: Rows, *, grouped: bool) -> _Sums:
    """The sums of what a matrix reads; see `OutputErrors` for the others."""
    rest, firsts = np.flatnonzero(opening < 0), np.flatnonzero(opening >= 0)
    _, places, counts = np.unique(opening[firsts], return_index=True, return_counts=True)
    sizes = np.sqrt(counts).astype(np.float32)[:, None]
    if not grouped or len(rest) <= MOST_SINGLE:
        return _Sums(rest, rest, None, rest[:0], firsts[places], sizes)
    lengths = np.einsum("tc,tc->t", x, x)[rest]
    order = np.argsort(-lengths, kind="stable")
    largest, others = rest[order[:_LARGEST]], rest[np.sort(order[_LARGEST:])]
    return _Sums(rest, others, _grouping(len(others)), largest, firsts[places], sizes)
