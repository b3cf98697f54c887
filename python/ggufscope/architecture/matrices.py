"""Rows of tensors as linear maps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from ..arrays.multiply import BlockRows
    from ..models.tensor import Tensor


@dataclass(frozen=True)
class Matrix:
    """Some rows of a tensor, counted over its leading dimensions: x → scale · W x + bias. Nothing of W is decoded."""

    tensor: Tensor
    first: int
    n_rows: int
    scale: float = 1.0
    bias: Floats | None = None

    @property
    def n_columns(self) -> int:
        return self.tensor.shape[-1]

    def part(self, first: int, n_rows: int) -> Matrix:
        """Rows first … first + n_rows − 1 of these."""
        bias = None if self.bias is None else self.bias[first : first + n_rows]
        return replace(self, first=self.first + first, n_rows=n_rows, bias=bias)

    def decode(self, first: int, n_rows: int) -> Floats:
        """A few rows of scale · W as float64, (rows, columns)."""
        start = self.first + first
        weights = self.tensor.dequantize(rows=slice(start, start + n_rows), threads=1)
        return weights.reshape(n_rows, -1).astype(np.float64) * self.scale

    def blocks(self) -> BlockRows:
        """The rows as stored, for products with vectors."""
        return self.tensor.block_rows(slice(self.first, self.first + self.n_rows))
