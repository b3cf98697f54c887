"""What quantizing each matrix alone would cost, in the unit of a KL divergence of next tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

TRACED: Literal["traced"] = "traced"
STATIC: Literal["static"] = "static"

UNTESTED = (
    "costs were compared with measured divergences on two models (SmolLM2 135M, Gemma 3 270M), for single matrices as"
    " Q4_0, some as Q8_0, IQ4_NL and Q3_K: other models and types are untested"
)
WEAK = (
    "the model was not read: each cost is the relative squared error of the weights times a mean of its role, which is"
    " a weak guide"
)


@dataclass(frozen=True)
class Cost:
    """The cost of one matrix in one type.

    Attributes:
        cost: predicted KL divergence of next tokens from the reference's, in nats; 0 for equal weights.
        rescued: the error is larger than the residual stream at some token (a massive activation is hit), and the cost
            is at least the divergence that it was measured to make.
        largest_share: the largest ‖error‖² / ‖residual stream‖² of a token; None where it has no meaning.
    """

    cost: float
    rescued: bool = False
    largest_share: float | None = None


@dataclass(frozen=True)
class Costs:
    """Costs by tensor and type.

    Attributes:
        by_place: (name of the tensor, name of the type) → its cost.
        method: `"traced"`: errors went through the branches of the model while it read a text; `"static"`: it was not
            read.
        reason: why the model was not read; None where it was.
        n_tokens: that were read, 0 where none were.
        warnings: sentences for the reader, limits of the method among them.
    """

    by_place: Mapping[tuple[str, str], Cost]
    method: Literal["traced", "static"]
    reason: str | None = None
    n_tokens: int = 0
    warnings: tuple[str, ...] = field(default=())

    def of(self, tensor: str, type_name: str) -> float:
        """The cost of a tensor in a type.

        Raises:
            KeyError: It was no candidate.
        """
        return self.by_place[tensor, type_name].cost

    @property
    def rescued(self) -> list[tuple[str, str]]:
        """Tensors and types whose cost was measured, since they hit a massive activation."""
        return [place for place, cost in self.by_place.items() if cost.rescued]
