"""Products of matrix rows: with vectors in float64, as tensors and buffers share them, and with a few tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from .._core import multiply_few as core_multiply_few
from .._core import row_products
from ..loading import lazy
from .equality import equal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazy("numpy")

FactorGrid = tuple[int, int, "npt.NDArray[np.float32]"]


class RowProducts(NamedTuple):
    """The products of `row_products`; each is None where it was not asked for. They compare by value.

    Attributes:
        linear: `W x`, float64, shape (rows,), or (k, rows) for k vectors.
        squares: `(W ∘ W) y`, or `(W ∘ V) y` with another matrix V, float64, shape (rows,) or (k, rows).
    """

    linear: npt.NDArray[np.float64] | None
    squares: npt.NDArray[np.float64] | None

    def both(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The two, where both were asked for.

        Raises:
            ValueError: One of them was not.
        """
        if self.linear is None or self.squares is None:
            raise ValueError("linear and quadratic products were not both asked for")
        return self.linear, self.squares

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple) and equal(tuple(self), tuple(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'RowProducts'")


@dataclass(frozen=True)
class BlockRows:
    """Rows of blocks in memory: contiguous uint8, type number, elements of a row, whether of the other byte order.

    And factors that decoded numbers are multiplied by: (rows of one, columns of one, factors row after row).
    """

    blocks: npt.NDArray[np.uint8]
    type: int
    columns: int
    swapped: bool = False
    factors: FactorGrid | None = None


@runtime_checkable
class HasBlockRows(Protocol):
    """Anything that gives its rows as blocks, as a tensor of a model does."""

    def block_rows(self, rows: slice | None = None) -> BlockRows: ...


def multiply(
    left: BlockRows,
    x: npt.ArrayLike | None,
    squares: npt.ArrayLike | None,
    right: BlockRows | None,
    threads: int,
) -> RowProducts:
    """Both products of `left` in one pass; `right` stands for its second factor in the squares.

    Raises:
        ValueError: Vectors or matrices do not fit each other.
        GGUFError: A mapped file shrank.
    """
    linear = _vectors("x", x, left.columns)
    quadratic = _vectors("squares", squares, left.columns)
    if right is not None and (right.columns, right.swapped) != (left.columns, left.swapped):
        raise ValueError(f"matrices of {left.columns} and {right.columns} columns do not fit each other")
    linear_sums, quadratic_sums = row_products(
        left.blocks.reshape(-1),
        left.type,
        left.columns,
        linear,
        quadratic,
        None if right is None else right.blocks.reshape(-1),
        0 if right is None else right.type,
        threads,
        left.swapped,
        left_factors=_given(left.factors),
        right_factors=None if right is None else _given(right.factors),
    )
    return RowProducts(_shaped(linear_sums, x), _shaped(quadratic_sums, squares))


def multiply_few(matrix: BlockRows, x: npt.NDArray[np.float32], threads: int) -> npt.NDArray[np.float32]:
    """`x Wᵀ` in float32, for x of a few tokens: each product is summed in one order, whatever it is computed with.

    Args:
        matrix: W, (rows, columns).
        x: (tokens, columns), C-contiguous.
        threads: at most so many.

    Returns:
        float32 (tokens, rows).

    Raises:
        GGUFError: A mapped file shrank.
    """
    blocks = matrix.blocks.reshape(-1)
    factors = _given(matrix.factors)
    return core_multiply_few(blocks, matrix.type, matrix.columns, x, threads, matrix.swapped, factors=factors)


def _given(factors: FactorGrid | None) -> tuple[int, int, list[float]] | None:
    """As the core takes them."""
    return None if factors is None else (factors[0], factors[1], factors[2].tolist())


def _vectors(name: str, values: npt.ArrayLike | None, columns: int) -> npt.NDArray[np.float64]:
    """(k, columns); no vectors for None."""
    if values is None:
        return np.empty((0, columns))
    array: npt.NDArray[Any] = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be real numbers, not {array.dtype}")
    if array.ndim not in {1, 2} or array.shape[-1] != columns:
        raise ValueError(f"{name} must have the shape ({columns},) or (k, {columns}), not {array.shape}")
    return np.ascontiguousarray(np.atleast_2d(array), np.float64)


def _shaped(sums: npt.NDArray[np.float64], values: npt.ArrayLike | None) -> npt.NDArray[np.float64] | None:
    if values is None:
        return None
    return sums[0] if np.ndim(values) == 1 else sums
