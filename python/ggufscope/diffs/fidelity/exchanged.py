"""Tensors that a converter put in each other's place, and experts in another order, recognized by their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.floats import widened
from ..views import PairView, SideView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from ...models.model import Model, Tensor

HAS_WEIGHTS_OF = "weights of "  # begins the name of a view, the other tensor's name follows
EXPERTS = "experts "
_ALIKE = 0.5  # nmse below which two samples are of the same weights; the coarsest types have 0.3
_SAMPLE = 1 << 14  # weights that are compared
_MOST_EXPERTS = 1024


def exchanged_views(reference: Model, model: Model, views: Mapping[str, PairView]) -> dict[str, PairView]:
    """How pairs are seen that other views do not explain: name of a tensor of the model → its view.

    Args:
        reference: a checkpoint.
        model: that was made of it.
        views: that explain a pair already.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: A model is closed.
    """
    samples = _Samples()
    return dict(_views(reference, model, views, samples))


def _views(
    reference: Model, model: Model, views: Mapping[str, PairView], samples: _Samples
) -> Iterator[tuple[str, PairView]]:
    for name, tensor in model.tensors.items():
        partner = reference.tensors.get(name)
        if partner is None or name in views or partner.shape != tensor.shape or not tensor.n_elements:
            continue
        if tensor.kind not in {"matrix", "vector"} or samples.alike(partner, tensor):
            continue
        view = _experts_reordered(partner, tensor) or _other_tensor(reference, tensor, samples)
        if view is not None:
            yield name, view


class _Samples:
    """The first weights of tensors, decoded once."""

    def __init__(self) -> None:
        self._of_reference: dict[str, npt.NDArray[np.float64]] = {}

    def alike(self, reference: Tensor, model: Tensor) -> bool:
        """Whether two tensors of one shape begin with the same weights."""
        if reference.name not in self._of_reference:
            self._of_reference[reference.name] = _beginning(reference)
        return _error(self._of_reference[reference.name], _beginning(model)) < _ALIKE


def _beginning(tensor: Tensor) -> npt.NDArray[np.float64]:
    n_rows = max(1, min(tensor.n_rows, _SAMPLE // max(1, tensor.shape[-1])))
    return widened(tensor.dequantize(slice(0, n_rows), threads=1)).reshape(-1)


def _error(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Σ(b − a)² / Σa²; 0 of two samples of zeros."""
    finite = np.isfinite(a) & np.isfinite(b)
    squares = float(np.sum(a[finite] ** 2))
    errors = float(np.sum((b[finite] - a[finite]) ** 2))
    return errors / squares if squares > 0 else 0.0 if errors == 0 else np.inf


def _other_tensor(reference: Model, tensor: Tensor, samples: _Samples) -> PairView | None:
    """Of a tensor with the weights of another one of its layer, or of its role in another layer."""
    candidates = [
        other
        for other in reference.tensors.values()
        if other.shape == tensor.shape and other.kind == tensor.kind and other.name != tensor.name
    ]
    near = [other for other in candidates if (other.stack, other.layer) == (tensor.stack, tensor.layer)]
    far = [other for other in candidates if other.role == tensor.role and other not in near]
    other = next((each for each in (*near, *far) if samples.alike(each, tensor)), None)
    if other is None:
        return None
    return PairView(reference_name=other.name, names=(f"{HAS_WEIGHTS_OF}{other.name}",))


def _experts_reordered(reference: Tensor, model: Tensor) -> PairView | None:
    """Of a stack whose experts are all there, in another order."""
    if len(model.shape) != 3 or not 1 < model.shape[0] <= _MOST_EXPERTS:
        return None
    a, b = _expert_samples(reference), _expert_samples(model)
    order = np.array([int(np.argmin(np.sum((a - each) ** 2, axis=1))) for each in b])
    if len(set(order.tolist())) != len(order) or (order == np.arange(len(order))).all():
        return None
    if any(_error(a[number], each) >= _ALIKE for number, each in zip(order, b, strict=True)):
        return None
    rows_each = model.shape[1]
    rows = (order[:, np.newaxis] * rows_each + np.arange(rows_each)).reshape(-1)
    moved = np.flatnonzero(order != np.arange(len(order)))
    said = f"{moved[0]} and {moved[1]} exchanged" if len(moved) == 2 else "in another order"
    return PairView(SideView(rows), names=(f"{EXPERTS}{said}",))


def _expert_samples(tensor: Tensor) -> npt.NDArray[np.float64]:
    """The first weights of each expert, (experts, weights); what is not finite counts as 0."""
    n_experts, rows_each, columns = tensor.shape
    n_rows = max(1, min(rows_each, _SAMPLE // max(1, columns)))
    samples = [
        tensor.dequantize(slice(expert * rows_each, expert * rows_each + n_rows), threads=1).reshape(-1)
        for expert in range(n_experts)
    ]
    return np.nan_to_num(widened(np.stack(samples)), posinf=0.0, neginf=0.0)
