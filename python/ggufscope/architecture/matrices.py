"""Rows of tensors as linear maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..arrays.floats import widened

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays.floats import Floats
    from ..arrays.multiply import BlockRows
    from ..models.tensor import Tensor


class RowSource(Protocol):
    """Rows that can stand in place of a tensor's."""

    def decode_into(self, rows: npt.NDArray[np.float32], first: int) -> None:
        """Fill `rows`, (rows, columns), with those from `first` on, counted over the leading dimensions.

        Called from several threads at a time. The factor beside the tensor multiplies what is given here, too.
        """


@dataclass(frozen=True)
class Matrix:
    """Some rows of a tensor, counted over its leading dimensions: x → scale · W x + bias. Nothing of W is decoded.

    Attributes:
        tensor: W and other rows.
        first: of the rows.
        n_rows: their number.
        scale: of W.
        bias: (rows,); None without.
        zeroed: (row, column) of weights that count as zero, rows counted as `first` is.
        substitute: of the tensor's rows; None: they are its own.
    """

    tensor: Tensor
    first: int
    n_rows: int
    scale: float = 1.0
    bias: Floats | None = None
    zeroed: tuple[tuple[int, int], ...] = ()
    substitute: RowSource | None = None

    @property
    def n_columns(self) -> int:
        return self.tensor.shape[-1]

    def part(self, first: int, n_rows: int) -> Matrix:
        """Rows first … first + n_rows − 1 of these."""
        bias = None if self.bias is None else self.bias[first : first + n_rows]
        start = self.first + first
        zeroed = tuple(place for place in self.zeroed if start <= place[0] < start + n_rows)
        return replace(self, first=start, n_rows=n_rows, bias=bias, zeroed=zeroed)

    def decode(self, first: int, n_rows: int) -> Floats:
        """A few rows of scale · W as float64, (rows, columns)."""
        weights = np.empty((n_rows, self.n_columns), np.float32)
        self.decode_into(weights, first)
        return widened(weights) * self.scale

    def decode_into(self, rows: npt.NDArray[np.float32], first: int) -> None:
        """Fill `rows`, (rows, columns), with those of W from `first` on; no scale."""
        start = self.first + first
        if self.substitute is None:
            self.tensor.dequantize(rows=slice(start, start + len(rows)), out=rows, threads=1)
        else:
            self.substitute.decode_into(rows, start)
        for row, column in self.zeroed:
            if start <= row < start + len(rows):
                rows[row - start, column] = 0

    def blocks(self) -> BlockRows:
        """The rows as stored, without what `zeroed` and `substitute` say, for products with vectors."""
        return self.tensor.block_rows(slice(self.first, self.first + self.n_rows))
