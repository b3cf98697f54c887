"""Which tensor of a reference goes with which of a model, and what is there on one side alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .records import ReshapedTensor
from .views import PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.model import Model, Tensor
    from .views import PairView, SideView


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
        pairs: in the order of the reference; of the same order, in that of the model.
        missing: names of the reference's that no tensor of the model goes with.
        extra: names of the model's that go with none of the reference.
        reshaped: of the same name, with different shapes.
    """

    pairs: list[TensorPair]
    missing: list[str]
    extra: list[str]
    reshaped: list[ReshapedTensor]


def match(reference: Model, model: Model, views: Mapping[str, PairView] | None = None) -> Matching:
    """Match tensors by their names, and by views where there are some.

    A factor that is multiplied into its matrix is neither missing nor extra: a file of another type has none.

    Args:
        reference: the one that the other is held against.
        model: the other.
        views: name of a tensor of the model → how it and its reference are seen.
    """
    views = views or {}
    pairs: list[TensorPair] = []
    extra: list[str] = []
    reshaped: list[ReshapedTensor] = []
    used: set[str] = set()
    for name, tensor in model.tensors.items():
        view = views.get(name, PLAIN)
        partner = reference.tensors.get(view.reference_name or name)
        if partner is None:
            extra += [] if tensor.kind == "factor" else [name]
            continue
        used.add(partner.name)
        pair = TensorPair(partner, tensor, view)
        if _seen_shape(partner.shape, view.reference) == pair.shape:
            pairs.append(pair)
        else:
            reshaped.append(ReshapedTensor(name, list(partner.shape), list(tensor.shape)))
    missing = [name for name, tensor in reference.tensors.items() if name not in used and tensor.kind != "factor"]
    pairs.sort(key=lambda pair: pair.reference.index)
    return Matching(pairs, missing, extra, reshaped)


def _seen_shape(shape: tuple[int, ...], view: SideView) -> tuple[int, ...]:
    return shape if view.rows is None else (len(view.rows), shape[-1])
