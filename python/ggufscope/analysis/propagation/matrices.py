"""Rows of tensors as linear maps of moments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...multiply import BlockRows, multiply
from .moments import Moments

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...tensor import Tensor

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Matrix:
    """Some rows of a tensor, counted over its leading dimensions: x → scale · W x + bias.

    Nothing is decoded beyond the tiles of the core, unless `decode` is called.
    """

    tensor: Tensor
    first: int
    n_rows: int
    scale: float = 1.0
    bias: Floats | None = None

    def part(self, first: int, n_rows: int) -> Matrix:
        """Rows first … first + n_rows − 1 of these."""
        bias = None if self.bias is None else self.bias[first : first + n_rows]
        return replace(self, first=self.first + first, n_rows=n_rows, bias=bias)

    def moments(self, given: Moments, threads: int) -> Moments:
        """Of the map's output, channels taken as independent: W μ and (W ∘ W) σ²."""
        return self.moments_and_squares(given, np.empty((0, given.mean.size)), threads)[0]

    def moments_and_squares(self, given: Moments, vectors: Floats, threads: int) -> tuple[Moments, Floats]:
        """The moments, and (W ∘ W) y for more vectors y, (k, columns), from the same pass: (k, rows)."""
        asked = np.concatenate([given.variance[None], vectors])
        linear, squares = multiply(self._blocks(), given.mean, asked, None, threads)
        assert linear is not None and squares is not None  # noqa: S101, PT018
        mean = linear * self.scale
        squares = squares * self.scale**2
        return Moments(mean if self.bias is None else mean + self.bias, squares[0]), squares[1:]

    def covariance(self, other: Matrix, variance: Floats, threads: int) -> Floats:
        """Of each row's output with that of the same row of another matrix: (W ∘ V) σ², (rows,)."""
        found = multiply(self._blocks(), None, variance, other._blocks(), threads).squares
        assert found is not None  # noqa: S101
        return found * (self.scale * other.scale)

    def decode(self, first: int, n_rows: int) -> Floats:
        """A few rows of scale · W as float64, (rows, columns)."""
        start = self.first + first
        weights = self.tensor.dequantize(rows=slice(start, start + n_rows), threads=1)
        return weights.reshape(n_rows, -1).astype(np.float64) * self.scale

    def _blocks(self) -> BlockRows:
        return self.tensor.block_rows(slice(self.first, self.first + self.n_rows))
