"""Row products of tensors and of buffers that other code holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsInt

from .arguments import describe_type, thread_count
from .buffers import Blocks, as_array, as_bytes, elements_in, plain
from .multiply import BlockRows, HasBlockRows, RowProducts, multiply

if TYPE_CHECKING:
    import numpy.typing as npt


def row_products(
    matrix: HasBlockRows | Blocks,
    x: npt.ArrayLike | None = None,
    *,
    squares: npt.ArrayLike | None = None,
    other: HasBlockRows | Blocks | None = None,
    qtype: str | SupportsInt | None = None,
    threads: int | None = None,
) -> RowProducts:
    """`W x` and `(W ∘ W) y` of a matrix in any type, decoded tile by tile: what W does to means and variances.

    The products are those of the decoded float32 weights in float64, summed in 16 lanes and tiles of 1024 elements:
    within 1e-13 · Σ|w x| of the exact sum for rows of up to a million elements (1e-6 would do), and the same bits for
    any number of threads and any instruction set. NaN and Inf among the weights go into the sums of their row.

    Args:
        matrix: a tensor of a model, or blocks as for `dequantize`, or, without `qtype`, an array of numbers; rows run
            along the last dimension, leading ones are merged.
        x: shape (columns,), or (k, columns) for k vectors at once.
        squares: y, shape (columns,) or (k, columns).
        other: a matrix V of the same shape, which may have another type when both are tensors: `(W ∘ V) y` takes the
            place of `(W ∘ W) y`.
        qtype: type of the blocks (both matrices): a name, a number or a `gguf.GGMLQuantizationType`.
        threads: at most so many; by default the cores this process may use. Below 4 MB of float32 one.

    Returns:
        `RowProducts(linear, squares)`.

    Raises:
        ValueError: An unknown type, rows of partial blocks, or shapes that do not fit each other.
        GGUFError: The file shrank since it was opened.

    Example:
        >>> import numpy as np
        >>> products = row_products(np.array([[1.0, 2.0], [3.0, 4.0]]), [1, 1], squares=[1, 0.5])
        >>> products.linear.tolist(), products.squares.tolist()
        ([3.0, 7.0], [3.0, 17.0])
    """
    left = _rows(matrix, qtype)
    right = None if other is None else _rows(other, qtype)
    return multiply(left, x, squares, right, thread_count(threads))


def _rows(matrix: HasBlockRows | Blocks, qtype: str | SupportsInt | None) -> BlockRows:
    if isinstance(matrix, HasBlockRows):
        if qtype is not None:
            raise ValueError("a tensor has its own type: qtype is for buffers")
        return matrix.block_rows()
    array = as_array(matrix)
    if qtype is None:
        array, qtype = plain(array)
    description = describe_type(qtype)
    raw = as_bytes(array, description)
    return BlockRows(raw, description["id"], elements_in(raw.shape[-1], description))
