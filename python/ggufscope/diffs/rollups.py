"""Errors of many tensors as one: sums of squares are added, and figures follow from the sums."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..models.stacks import layers_by_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from .records import ModelDiff, PartError, TensorDiff

    Key = TypeVar("Key", bound=Hashable)

MOST_CARRIERS = 10
_MOST_OF_IT, _FAR_ABOVE = 0.5, 4  # of a part: share of the error, and NMSE as a multiple of the tensor's


@dataclass(frozen=True)
class Pooled:
    """The error of several tensors.

    Attributes:
        n_tensors: how many they are.
        n_identical: of them, those whose stored bytes are equal.
        n_elements: of all of them.
        error_squares: Σ(b − a)² over all of them.
        reference_squares: Σa² likewise.
    """

    n_tensors: int
    n_identical: int
    n_elements: int
    error_squares: float
    reference_squares: float

    @classmethod
    def of(cls, tensors: Iterable[TensorDiff]) -> Pooled:
        """The sums over tensors."""
        tensors = list(tensors)
        return cls(
            len(tensors),
            sum(tensor.identical for tensor in tensors),
            sum(tensor.n_elements for tensor in tensors),
            math.fsum(tensor.error_squares for tensor in tensors),
            math.fsum(tensor.reference_squares for tensor in tensors),
        )

    @property
    def nmse(self) -> float | None:
        """Σ(b − a)² / Σa²; None where every weight of the reference is 0."""
        return self.error_squares / self.reference_squares if self.reference_squares > 0 else None

    @property
    def sqnr_db(self) -> float | None:
        """−10 log₁₀ of `nmse`; None also for equal weights."""
        return -10 * math.log10(self.nmse) if self.nmse else None


class Carrier(NamedTuple):
    """A tensor and the part of a model's squared error that it holds."""

    tensor: TensorDiff
    error_share: float


def counted_tensors(model: ModelDiff) -> list[TensorDiff]:
    """The tensors that hold weights, which roll-ups are over."""
    return [tensor for tensor in model.tensors if tensor.counts]


def error_shares(model: ModelDiff) -> dict[str, float]:
    """Name of a tensor → its part of the squared error of all weights; empty where there is no error."""
    tensors = counted_tensors(model)
    total = math.fsum(tensor.error_squares for tensor in tensors)
    return {tensor.name: tensor.error_squares / total for tensor in tensors} if total > 0 else {}


def carriers(model: ModelDiff, n: int = MOST_CARRIERS) -> list[Carrier]:
    """The tensors that hold most of the squared error, the first of them most; none without an error."""
    shares = error_shares(model)
    found = [Carrier(tensor, shares.get(tensor.name, 0.0)) for tensor in counted_tensors(model)]
    return sorted((each for each in found if each.error_share > 0), key=lambda each: -each.error_share)[:n]


def pooled_by(tensors: Sequence[TensorDiff], key: Callable[[TensorDiff], Key]) -> dict[Key, Pooled]:
    """The tensors of each key as one, keys as they come first."""
    groups: dict[Key, list[TensorDiff]] = defaultdict(list)
    for tensor in tensors:
        groups[key(tensor)].append(tensor)
    return {name: Pooled.of(members) for name, members in groups.items()}


class Place(NamedTuple):
    """A layer of a stack; both None outside the layers."""

    stack: str | None
    layer: int | None

    def __str__(self) -> str:
        if self.layer is None:
            return "outside"
        return f"{self.layer}" if self.stack is None else f"{self.stack} {self.layer}"


def place_of(tensor: TensorDiff) -> Place:
    """The layer that a tensor is in."""
    return Place(tensor.stack, tensor.layer) if tensor.layer is not None else Place(None, None)


def by_place_and_role(model: ModelDiff) -> dict[tuple[Place, str | None], Pooled]:
    """The weights of every layer and role as one."""
    return pooled_by(counted_tensors(model), lambda tensor: (place_of(tensor), tensor.role))


def places_of(model: ModelDiff) -> list[Place]:
    """The layers of the weights in order, stack by stack."""
    layers = layers_by_stack(counted_tensors(model))
    return [Place(stack, layer) for stack, numbers in layers.items() for layer in numbers]


def roles_by_error(models: Sequence[ModelDiff]) -> tuple[list[str | None], list[str | None]]:
    """The roles of weights with an error in any of the models, and those without, in the order of the reference."""
    erring: dict[str | None, bool] = {}
    for model in models:
        for tensor in counted_tensors(model):
            erring[tensor.role] = erring.get(tensor.role, False) or tensor.error_squares > 0
    return [role for role, errs in erring.items() if errs], [role for role, errs in erring.items() if not errs]


class Concentration(NamedTuple):
    """A part of a tensor that holds most of its error.

    Attributes:
        tensor: the tensor.
        what: `"row"`, `"head"` or `"expert"`.
        part: the part.
    """

    tensor: TensorDiff
    what: str
    part: PartError


def concentrations(model: ModelDiff) -> list[Concentration]:
    """The rows, heads and experts that hold half of their tensor's error or more, the smallest part of each tensor.

    Their NMSE is also four times that of the tensor or more, so that one of two halves is none.
    """
    found = []
    for tensor in counted_tensors(model):
        for what, parts in (("row", tensor.worst_rows), ("head", tensor.worst_heads), ("expert", tensor.worst_experts)):
            most = max(parts, key=lambda part: part.error_share, default=None)
            if most is not None and _is_concentrated(most, tensor):
                found.append(Concentration(tensor, what, most))
                break
    return found


def _is_concentrated(part: PartError, tensor: TensorDiff) -> bool:
    if part.error_share < _MOST_OF_IT:
        return False
    return part.nmse is None or tensor.nmse is None or part.nmse >= _FAR_ABOVE * tensor.nmse
