"""Views: how two tensors are seen before their weights are compared.

    reference   rows taken, in an order ─▶ plus a number ─┐
                                                          ├─▶ pairs of weights
    model       rows taken, in an order ─▶ plus a number ─┘

Conversions move rows (queries and keys are permuted for one form of RoPE), add 1 to gains, cut or extend the rows of a
vocabulary, write a tied matrix out under a second name. A view does the same to the reference, in float32 as converters
do, or takes the rows that both have; what then differs, the conversion did not make.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class SideView:
    """How one side is seen.

    Attributes:
        rows: which rows, in which order, counted over all leading dimensions; None for all as they are.
        plus: added to every weight, in float32.
    """

    rows: npt.NDArray[np.intp] | None = None
    plus: float = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether the side is seen as it is."""
        return self.rows is None and self.plus == 0


@dataclass(frozen=True, eq=False)
class PairView:
    """How a pair is seen; by default as it is.

    Attributes:
        reference: of the reference's side.
        model: of the model's.
        reference_name: tensor of the reference to compare with; None for that of the same name.
        names: what is undone by it, in words, as `"rows permuted"`.
    """

    reference: SideView = field(default_factory=SideView)
    model: SideView = field(default_factory=SideView)
    reference_name: str | None = None
    names: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether both sides are seen as they are: the core can stream them."""
        return self.reference.is_plain and self.model.is_plain


PLAIN = PairView()
