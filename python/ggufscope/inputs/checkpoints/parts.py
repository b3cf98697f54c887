"""How one tensor of the composed file is made of tensors of the checkpoint.

part       rows of one stored tensor, all or some, maybe in another order; plus a number; maybe transposed
composed   one part, or several behind one another: experts that the checkpoint has one by one
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from .stored import StoredTensor


@dataclass(frozen=True)
class Part:
    """Rows of one stored tensor. A row is the last dimension, of a vector one element.

    Attributes:
        tensor: the stored one.
        shape: of this part, rows first.
        runs: (first row, rows) of what is taken, in order; None for all rows.
        paired_heads: where not 0, each of so many equal parts of the rows holds two halves, whose rows are taken in
            turn.
        plus: added in float32.
        transposed: the last two dimensions change places.
    """

    tensor: StoredTensor
    shape: tuple[int, ...]
    runs: tuple[tuple[int, int], ...] | None = None
    paired_heads: int = 0
    plus: float = 0.0
    transposed: bool = False

    @classmethod
    def whole(cls, tensor: StoredTensor) -> Part:
        """All of a tensor as it is; a single number is a vector of one."""
        return cls(tensor, tensor.shape or (1,))

    @property
    def n_rows(self) -> int:
        """Rows over all leading dimensions."""
        return self.shape[0] if len(self.shape) == 1 else math.prod(self.shape[:-1])

    def row_numbers(self) -> npt.NDArray[np.intp]:
        """The rows of the stored tensor that this has, in its order."""
        rows = np.arange(self.tensor.n_rows)
        if self.runs is not None:
            rows = np.concatenate([rows[first : first + n] for first, n in self.runs])
        if self.paired_heads:
            rows = rows.reshape(self.paired_heads, 2, -1).swapaxes(1, 2).reshape(-1)
        return rows

    def with_rows(self, shape: tuple[int, ...], runs: tuple[tuple[int, int], ...]) -> Part:
        """Some of the rows."""
        return replace(self, shape=shape, runs=runs)


@dataclass(frozen=True)
class ComposedTensor:
    """One tensor of the composed file.

    Attributes:
        name: GGUF's, or that of the checkpoint where the tables have none.
        dtype: of the composed file, as safetensors spells it.
        parts: of one shape and dtype; several are stacked.
        stacked: whether the parts are matrices of a stack, even if there is one alone.
        contents: bytes that stand in no file, in place of parts.
    """

    name: str
    dtype: str
    parts: tuple[Part, ...]
    stacked: bool = False
    contents: bytes | None = None
    made_shape: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        if self.contents is not None:
            return self.made_shape
        shape = self.parts[0].shape
        if not self.stacked:
            return shape
        return (len(self.parts),) if shape == (1,) else (len(self.parts), *shape)  # of factors, one for each expert
