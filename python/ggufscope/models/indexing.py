"""What stands in the brackets of a tensor: rows, of which alone blocks are decoded, and then columns of those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..loading import lazy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
else:
    np = lazy("numpy")

_ALL = slice(None)


class Chosen(NamedTuple):
    """The part of a tensor that a key stands for.

    Attributes:
        rows: numbers of rows over all leading dimensions, in the shape that the result has of them; with slices of
            columns one axis of length 1 more, where the columns go.
        columns: of each of these rows.
    """

    rows: npt.NDArray[np.int64] | np.int64
    columns: int | slice

    def of_rows(self, decoded: npt.NDArray[np.float32]) -> Any:
        """The result, from the decoded rows one below the other."""
        shape = np.shape(self.rows)
        if isinstance(self.columns, slice):
            return decoded.reshape(*shape[:-1], decoded.shape[-1])[..., self.columns]
        numbers = decoded[:, self.columns].reshape(shape)
        return numbers if isinstance(self.rows, np.ndarray) else numbers[()]


def chosen_part(key: Any, shape: Sequence[int]) -> Chosen:
    """The part of a tensor of this shape that `key` stands for, as in a NumPy array.

    Args:
        key: numbers, slices, `...`, lists, arrays of numbers or masks; of columns a number or a slice.
        shape: of the tensor, of two dimensions or more.

    Raises:
        IndexError: There is no such row or column, or the key is of another kind.
    """
    parts = list(key if isinstance(key, tuple) else (key,))
    place = _place_of_columns(parts, len(shape))
    columns = _ALL if place is None else _checked_columns(parts[place])
    if place is not None:
        parts[place] = _ALL if isinstance(columns, slice) else 0
    # NumPy decides what shape the rows have: they stand in a grid with one column, which the key takes part in.
    grid = np.arange(int(np.prod(shape[:-1], dtype=np.int64))).reshape(*shape[:-1], 1)
    return Chosen(grid[tuple(parts)], columns)


def _place_of_columns(parts: Sequence[Any], n_dimensions: int) -> int | None:
    """Which part of a key is of columns; None where it takes all of them."""
    taken = [_dimensions(part) for part in parts]
    if sum(taken) > n_dimensions:
        raise IndexError(f"{sum(taken)} indices for a tensor of {n_dimensions} dimensions")
    last = max((place for place, count in enumerate(taken) if count), default=None)
    if last is None or sum(taken) == n_dimensions:
        return last
    return last if any(part is Ellipsis for part in parts[:last]) else None


def _checked_columns(part: Any) -> int | slice:
    if isinstance(part, slice):
        return part
    if isinstance(part, (int, np.integer)):
        return int(part)
    raise IndexError("columns are a number or a slice; others can be had of decoded rows: tensor[rows][..., columns]")


def _dimensions(part: Any) -> int:
    """How many dimensions a part of a key is of."""
    if part is Ellipsis:
        return 0
    array = np.asarray(part) if isinstance(part, bool) or not isinstance(part, (int, slice)) else None
    if part is None or (array is not None and array.dtype == np.bool_ and not array.ndim):  # both add an axis in NumPy
        raise IndexError(f"{part} would add an axis, and a tensor takes none; decode it first: np.asarray(tensor)")
    return array.ndim if array is not None and array.dtype == np.bool_ else 1


def consecutive(rows: npt.NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Position in `rows`, first row and number of each run of rows that follow one another."""
    if not len(rows):
        return
    starts = np.concatenate([[0], np.flatnonzero(np.diff(rows) != 1) + 1, [len(rows)]])
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        yield begin, int(rows[begin]), end - begin
