"""Which tensor of a reference goes with which of a model, and what is there on one side alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DiffError
from ..text.names import base_name
from .records import ReshapedTensor
from .views import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..models.model import Model, Tensor
    from .views import PairView, SideView

    Wanted = Callable[[Tensor], bool]


@dataclass(frozen=True)
class TensorPair:
    """Two tensors that are compared, and how they are seen."""

    reference: Tensor
    model: Tensor
    view: PairView

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what is compared."""
        return _seen_shape(self.model.shape, self.view.model)


@dataclass(frozen=True)
class Matching:
    """The tensors of two models, sorted.

    Attributes:
        pairs: in the order of the reference; those of one of its tensors in that of the model.
        missing: names of the reference's that no tensor of the model goes with.
        extra: names of the model's that go with none of the reference.
        reshaped: of the same name, with different shapes.
        n_weights: elements of the reference's matrices and vectors, compared or not.
        unpaired_factors: factors on one side alone, which are multiplied into a matrix, and neither missing nor extra:
            a file of another type has none.
    """

    pairs: list[TensorPair]
    missing: list[str]
    extra: list[str]
    reshaped: list[ReshapedTensor]
    n_weights: int
    unpaired_factors: list[str]


def require_one_architecture(reference: Model, model: Model) -> None:
    """Make sure that no two models say that they are of different architectures.

    Raises:
        DiffError: They do.
    """
    architectures = reference.architecture, model.architecture
    if None not in architectures and architectures[0] != architectures[1]:
        raise DiffError(
            f"{names_of(reference, model)}: different architectures, {' and '.join(map(str, architectures))}"
        )


def names_of(reference: Model, model: Model) -> str:
    """Both files in a message."""
    return f"{base_name(reference.path)} and {base_name(model.path)}"


def match(
    reference: Model, model: Model, views: Mapping[str, PairView] | None = None, wanted: Wanted | None = None
) -> Matching:
    """Match tensors by their names, and by views where there are some.

    Args:
        reference: the one that the other is held against.
        model: the other.
        views: name of a tensor of the model → how it and its reference are seen.
        wanted: whether a tensor is to be looked at, by what it is in the reference where that has it; None for all.
    """
    wanted = wanted or _all
    views = views or {}
    pairs: list[TensorPair] = []
    alone: list[Tensor] = []
    reshaped: list[ReshapedTensor] = []
    used: set[str] = set()
    for name, tensor in model.tensors.items():
        view = views.get(name, PLAIN)
        partner = reference.tensors.get(view.reference_name or name)
        if not wanted(tensor if partner is None else partner):
            continue
        if partner is None:
            alone.append(tensor)
            continue
        used.add(partner.name)
        pair = TensorPair(partner, tensor, view)
        if _seen_shape(partner.shape, view.reference) == pair.shape:
            pairs.append(pair)
        else:
            reshaped.append(ReshapedTensor(name, list(partner.shape), list(tensor.shape)))
    asked = [tensor for tensor in reference.tensors.values() if wanted(tensor)]
    lacking = [tensor for tensor in asked if tensor.name not in used]
    return Matching(
        pairs=sorted(pairs, key=lambda pair: pair.reference.index),
        missing=[tensor.name for tensor in lacking if tensor.kind != "factor"],
        extra=[tensor.name for tensor in alone if tensor.kind != "factor"],
        reshaped=reshaped,
        n_weights=sum(tensor.n_elements for tensor in asked if tensor.kind in {"matrix", "vector"}),
        unpaired_factors=[tensor.name for tensor in lacking + alone if tensor.kind == "factor"],
    )


def _all(_: Tensor) -> bool:
    return True


def _seen_shape(shape: tuple[int, ...], view: SideView) -> tuple[int, ...]:
    if view.rows is None or len(view.rows) == math.prod(shape[:-1]):  # all rows, maybe in another order
        return shape
    return len(view.rows), shape[-1]
