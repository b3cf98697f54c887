"""Output errors of matrices: (Ŵ − W)x on what the reference's own matrix reads, while the reference reads.

tile of W, tile of Ŵ ──▶ Ŵ − W ──GEMM with tokens, or groups of them──▶ squares by row
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import compiled
from ...runtime.engines.streamed.tiles import tile_rows
from .grouping import add_up, groups_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...architecture.matrices import Matrix
    from ...arrays.floats import Floats
    from ...runtime.engines.streamed.tiles import Workers
    from ...runtime.shape import Array
    from .partners import Partners

    Rows = npt.NDArray[np.int64]

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


class OutputErrors:
    """Adds up the squares of matrices that the reference multiplies.

    Args:
        is_first: bool (tokens,), whether each is the first of its sequence.
        grouped: tokens may be added up in groups, see `grouping`.
        workers: that do the products.
    """

    def __init__(self, is_first: npt.NDArray[np.bool_], *, grouped: bool, workers: Workers) -> None:
        self._is_first = is_first
        self._grouped = grouped
        self._workers = workers
        self._read: Array | None = None  # what the vectors are of: queries, keys and values read the same
        self._vectors: tuple[Array, int] = (np.empty((0, 0), np.float32), 0)

    def add(self, product: Product, squares: Squares) -> None:
        """Add the squares of one product of the reference to those of its matrix."""
        x, partners = product.x, product.partners
        is_first = self._is_first if product.tokens is None else self._is_first[product.tokens]
        vectors, n_rest = self._vectors_of(x, is_first)
        sums = _Sums(partners, vectors, n_rest, product.y, is_first, self._workers)
        rows = slice(product.first, product.first + partners.reference.n_rows)
        squares.errors[rows] += sums.rows[0]
        squares.reference[rows] += sums.rows[1]
        squares.first_error += float(sums.rows[2].sum())
        squares.first_reference += float(sums.rows[3].sum())
        if partners.column_heads:
            head_errors, head_reference = sums.by_head()
            squares.head_errors += head_errors
            squares.head_reference += head_reference
        if product.first == 0:
            squares.n_tokens += len(x)

    def _vectors_of(self, x: Array, is_first: npt.NDArray[np.bool_]) -> tuple[Array, int]:
        """Vectors of the tokens t ≥ 1, then first tokens as they are; and how many are of the former."""
        if self._read is not x:
            rest = np.flatnonzero(~is_first)
            grouping = _grouping(len(rest)) if self._grouped else None
            vectors = add_up(x, rest, grouping, self._workers)
            self._read = x
            self._vectors = np.concatenate([vectors, x[is_first]]), len(vectors)
        return self._vectors

    def forget(self) -> None:
        """Hold nothing of what was read."""
        self._read = None
        self._vectors = np.empty((0, 0), np.float32), 0


class _Sums:
    """The sums of one product: (4, rows), of errors and the reference, t ≥ 1, then of first tokens."""

    def __init__(  # noqa: PLR0917
        self,
        partners: Partners,
        vectors: Array,
        n_rest: int,
        y: Array,
        is_first: npt.NDArray[np.bool_],
        workers: Workers,
    ) -> None:
        self._partners = partners
        self._vectors = vectors
        self._n_rest = n_rest
        self._y = y
        self._is_first = is_first
        matrix = partners.reference
        self._bias = np.zeros(matrix.n_rows, np.float32) if matrix.bias is None else matrix.bias.astype(np.float32)
        self.rows = np.zeros((4, matrix.n_rows))
        self._by_head: dict[int, tuple[Floats, Floats]] = {}
        step = tile_rows(matrix, workers.threads, workers.limits.tile_bytes // 2)
        self._workers = workers
        workers.each(lambda first: self._add(first, min(step, matrix.n_rows - first)), range(0, matrix.n_rows, step))

    def by_head(self) -> tuple[Floats, Floats]:
        """Sums over rows and tokens t ≥ 1 with the columns of each head alone, tile by tile in order."""
        tiles = [self._by_head[first] for first in sorted(self._by_head)]
        errors, reference = (sum(parts, np.zeros(self._partners.column_heads)) for parts in zip(*tiles, strict=True))
        return errors, reference

    def _add(self, first: int, count: int) -> None:
        """The sums of a tile of rows."""
        _add_squares(self._y, self._bias, first, first + count, self._is_first, self.rows)
        tiles = self._workers.buffer(2 * count, self._partners.reference.n_columns)
        weights, difference = tiles[:count], tiles[count:]
        _decode(self._partners.reference, first, weights)
        _decode(self._partners.model, first, difference)
        difference -= weights
        if difference.any():
            errors = self._vectors @ difference.T
            self.rows[0, first : first + count] = _squares(errors[: self._n_rest])
            self.rows[2, first : first + count] = _squares(errors[self._n_rest :])
        if self._partners.column_heads:
            self._by_head[first] = self._of_heads(difference), self._of_heads(weights)

    def _of_heads(self, weights: Array) -> Floats:
        """Of a tile, the sums with the columns of each head."""
        n_heads = self._partners.column_heads
        length = weights.shape[1] // n_heads
        columns = (slice(head * length, (head + 1) * length) for head in range(n_heads))
        rest = self._vectors[: self._n_rest]
        return np.array([_squares(rest[:, own] @ weights[:, own].T).sum() for own in columns])


def _decode(matrix: Matrix, first: int, rows: Array) -> None:
    """Fill `rows` with those of scale · W."""
    matrix.decode_into(rows, first)
    if matrix.scale != 1.0:
        rows *= np.float32(matrix.scale)


def _squares(products: Array) -> Floats:
    """Sums of squares of each column, float64."""
    sums: Floats = np.einsum("tr,tr->r", products, products, dtype=np.float64)
    return sums


@compiled
def _add_squares(  # noqa: PLR0917  compiled functions take no keywords
    y: Array, bias: Array, first: int, end: int, is_first: npt.NDArray[np.bool_], sums: Floats
) -> None:
    """Add the squares of y − bias to rows 1 (t ≥ 1) and 3 (first tokens) of `sums`, of outputs first … end − 1."""
    for token in range(y.shape[0]):
        kind = 3 if is_first[token] else 1
        for row in range(first, end):
            value = np.float64(y[token, row]) - np.float64(bias[row])
            sums[kind, row] += value * value
