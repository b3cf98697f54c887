"""The factor beside a matrix, as a tensor of numbers holds it; `factors` finds which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .kinds import Kind


class HoldsFactors(Protocol):
    """A tensor, as far as factors are read from it."""

    name: str
    index: int
    kind: Kind

    def dequantize(self, *, threads: int | None = None) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True)
class Factor:
    """The factor of one matrix, or those of a stack of experts.

    Attributes:
        tensor: that holds it.
        expert: its position there, where experts have a matrix each and share the tensor; else None.
    """

    tensor: HoldsFactors
    expert: int | None = None

    def values(self) -> npt.NDArray[np.float32]:
        """The factors: one for the whole matrix, or one for each expert in it.

        Raises:
            GGUFError: The file shrank since it was opened.
            ValueError: The model is closed.
        """
        values = self.tensor.dequantize(threads=1).reshape(-1)
        return values if self.expert is None else values[self.expert : self.expert + 1]
