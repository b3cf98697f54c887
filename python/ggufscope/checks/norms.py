"""What rules ask of the norms of rows and columns, over their finite weights: which are zero, which is the largest.

The norms themselves take 12 bytes for a row of a mixture with hundreds of experts, a gigabyte together; of a table of
tokens alone they are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from ..arrays.floats import Floats

_FEWEST = 8  # norms that say what is usual


class Largest(NamedTuple):
    """The largest of some norms: its place, itself, and the median and the median absolute deviation of all."""

    place: int
    norm: float
    median: float
    deviation: float


class Norms(NamedTuple):
    """Of the norms of a tensor what rules ask for.

    Attributes:
        n_rows: that have one; 0 where none were taken.
        zero_bits: a bit for each row, set where all of it is zero; None without any such row.
        row: the largest of the rows; None where they are few.
        column: the largest of the columns, likewise.
        rows: the norms of the rows of a table of tokens; None for others.
    """

    n_rows: int = 0
    zero_bits: npt.NDArray[np.uint8] | None = None
    row: Largest | None = None
    column: Largest | None = None
    rows: Floats | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any], *, keep: bool) -> Norms:
        """From the fields of statistics; `keep` the norms of the rows, too."""
        rows, columns = fields.get("row_l2"), fields.get("column_l2")
        if rows is None:
            return cls()
        zero = rows == 0
        bits = np.packbits(zero) if zero.any() else None
        return cls(len(rows), bits, _largest(rows), _largest(columns), rows if keep else None)

    @property
    def zero_rows(self) -> npt.NDArray[np.intp]:
        """The rows that are all zero, in order."""
        if self.zero_bits is None:
            return np.zeros(0, np.intp)
        return np.flatnonzero(np.unpackbits(self.zero_bits, count=self.n_rows))


def _largest(norms: Floats | None) -> Largest | None:
    if norms is None or norms.size < _FEWEST:
        return None
    median = float(np.median(norms))
    place = int(np.argmax(norms))
    return Largest(place, float(norms[place]), median, float(np.median(np.abs(norms - median))))
