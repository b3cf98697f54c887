"""What stands in the brackets of a tensor: rows, of which alone blocks are decoded, and then columns of those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

_ALL = slice(None)


class Chosen(NamedTuple):
    """The part of a tensor that a key stands for.

    Attributes:
        rows: numbers of rows over all leading dimensions, in the shape that the result has of them.
        columns: of each of these rows.
    """

    rows: npt.NDArray[np.int64]
    columns: int | slice


def chosen_part(key: Any, shape: Sequence[int]) -> Chosen:
    """The part of a tensor of this shape that `key` stands for, as in a NumPy array.

    Args:
        key: numbers, slices, `...`, lists, arrays of numbers or masks; of columns a number or a slice.
        shape: of the tensor, of two dimensions or more.

    Raises:
        IndexError: There is no such row or column, or the key is of another kind.
    """
    leading, columns = _split(key if isinstance(key, tuple) else (key,), len(shape))
    numbers = np.arange(int(np.prod(shape[:-1], dtype=np.int64))).reshape(tuple(shape[:-1]))
    return Chosen(np.asarray(numbers[leading]), columns)


def _split(key: tuple[Any, ...], n_dimensions: int) -> tuple[tuple[Any, ...], int | slice]:
    """The part of a key that is of rows, and the one that is of columns."""
    if any(part is None for part in key):
        raise IndexError("a tensor takes no new axes; decode it first: np.asarray(tensor)")
    n_taken = sum(map(_dimensions, key))
    if n_taken > n_dimensions:
        raise IndexError(f"{n_taken} indices for a tensor of {n_dimensions} dimensions")
    *leading, last = key or (...,)
    behind_dots = any(part is Ellipsis for part in leading)
    if last is Ellipsis or not (behind_dots or n_taken == n_dimensions):
        return key, _ALL
    if isinstance(last, slice):
        return tuple(leading), last
    if isinstance(last, (int, np.integer)) and not isinstance(last, bool):
        return tuple(leading), int(last)
    raise IndexError("columns are a number or a slice; others can be had of decoded rows: tensor[rows][..., columns]")


def _dimensions(part: Any) -> int:
    """How many dimensions a part of a key is of."""
    if part is Ellipsis:
        return 0
    array = None if isinstance(part, (int, slice)) else np.asarray(part)
    return array.ndim if array is not None and array.dtype == np.bool_ else 1


def consecutive(rows: npt.NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Position in `rows`, first row and number of each run of rows that follow one another."""
    if not len(rows):
        return
    starts = np.concatenate([[0], np.flatnonzero(np.diff(rows) != 1) + 1, [len(rows)]])
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        yield begin, int(rows[begin]), end - begin
