"""The tensors of a model by layer and role, with the shapes that they must have."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..arrays.floats import widened
from ..models.factors import expert_factors, scales_inputs
from ..text.numbers import shape_text
from .limits import MissingTensorError, NotApplicableError, ShapeError
from .matrices import Matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..arrays.floats import Floats
    from ..models.model import Model
    from ..models.tensor import Tensor
    from ..models.weight_place import WeightPlace


# Roles of tensors that hold nothing that a layer needs: tables that follow from the metadata.
_DERIVED = ("rope_freqs", "rope_factors_long", "rope_factors_short", "attn_rot_embd")
# What a pooled text goes through behind the last layer, of which no figure is.
_POOLED = ("cls", "cls.bias", "cls.norm", "cls.output", "cls.output.bias", "dense_2", "dense_3")


class Catalog:
    """The tensors of a model's main stack by layer and role. It knows which of them were asked for.

    Args:
        model: whose they are.
        zeroed: weights that count as zero in every matrix; each is one of the model's.
    """

    def __init__(self, model: Model, zeroed: Sequence[WeightPlace] = ()) -> None:
        self._zeroed: dict[str, list[tuple[int, int]]] = defaultdict(list)  # by tensor
        for place in zeroed:
            row = place.row_in(model.tensors[place.tensor].shape)
            self._zeroed[place.tensor].append((row, place.column))
        self._tensors: dict[tuple[int | None, str], list[Tensor]] = defaultdict(list)
        self._read: set[int] = set()  # by index
        for tensor in model.tensors.values():
            if tensor.role is not None and tensor.stack is None:
                self._tensors[tensor.layer, tensor.role].append(tensor)

    def has(self, layer: int | None, role: str) -> bool:
        """Whether there is a tensor of a role; it does not count as read."""
        return (layer, role) in self._tensors

    def find(self, layer: int | None, role: str) -> Tensor | None:
        """The first tensor of a role, None without one."""
        tensors = self._tensors.get((layer, role))
        if not tensors:
            return None
        self._read.add(tensors[0].index)
        return tensors[0]

    def unread(self, layer: int | None) -> list[Tensor]:
        """The tensors of a layer, or outside of all, that nothing asked for, and that are not derived from metadata."""
        return [
            tensor
            for (at, role), tensors in self._tensors.items()
            if at == layer and role not in _DERIVED and role not in _POOLED
            for tensor in tensors
            if tensor.index not in self._read and not scales_inputs(tensor)
        ]

    def need(self, layer: int | None, role: str) -> Tensor:
        """The first tensor of a role.

        Raises:
            NotApplicableError: There is none.
        """
        tensor = self.find(layer, role)
        if tensor is None:
            raise MissingTensorError(layer, role)
        return tensor

    def columns(self, layer: int | None, role: str) -> int:
        """The columns of a matrix, or of a stack of them.

        Raises:
            NotApplicableError: There is none, or it is a vector.
        """
        tensor = self.need(layer, role)
        if len(tensor.shape) < 2:
            raise ShapeError(tensor.name, "is no matrix")
        return tensor.shape[-1]

    def n_bytes(self, layer: int) -> int:
        return sum(tensor.n_bytes for (at, _), tensors in self._tensors.items() if at == layer for tensor in tensors)

    def vector(self, layer: int | None, role: str, size: int) -> Floats | None:
        """A vector of `size` as float64, None where the file has none.

        Raises:
            NotApplicableError: It has another size, or a NaN. Infinities may be meant: a sink of −∞ draws nothing.
        """
        tensor = self.find(layer, role)
        if tensor is None:
            return None
        if tensor.n_elements != size:
            raise ShapeError(tensor.name, f"has {tensor.n_elements} elements, not {size}")
        vector = widened(tensor.dequantize().reshape(-1))
        if np.isnan(vector).any():
            raise _not_finite(tensor.name)
        return vector

    def needed_vector(self, layer: int | None, role: str, size: int) -> Floats:
        """A vector of `size` as float64.

        Raises:
            NotApplicableError: There is none, it has another size, or not all of it is finite.
        """
        tensor = self.need(layer, role)
        vector = self.vector(layer, role, size)
        assert vector is not None  # noqa: S101
        if not np.isfinite(vector).all():
            raise _not_finite(tensor.name)
        return vector

    def _bias(self, layer: int | None, role: str, size: int) -> Floats | None:
        there = self.find(layer, f"{role}.bias") is not None
        return self.needed_vector(layer, f"{role}.bias", size) if there else None

    def matrix(self, layer: int | None, role: str, rows: int, columns: int) -> Matrix:
        """A matrix of that shape, with its bias and the factor beside it where there are any.

        Raises:
            NotApplicableError: There is none, or it has another shape.
        """
        matrix = self.plain_matrix(layer, role, rows, columns)
        bias = self._bias(layer, role, rows)
        return replace(matrix, scale=float(self._factors(matrix.tensor)[0]), bias=bias)

    def plain_matrix(self, layer: int | None, role: str, rows: int, columns: int) -> Matrix:
        """A matrix of that shape alone.

        Raises:
            NotApplicableError: There is none, or it has another shape.
        """
        tensor = self.need(layer, role)
        _require_shape(tensor, (rows, columns))
        return self._rows_of(tensor, 0, rows)

    def row(self, layer: int, role: str, columns: int) -> Matrix:
        """A matrix of one row, which may be stored as a vector.

        Raises:
            NotApplicableError: There is none, or it has another shape.
        """
        tensor = self.need(layer, role)
        if tensor.shape != (columns,):
            _require_shape(tensor, (1, columns))
        return self._rows_of(tensor, 0, 1)

    def experts(self, layer: int | None, role: str, n_experts: int, rows: int, columns: int) -> list[Matrix]:
        """The matrices of all experts, whether in one tensor or in one each.

        Raises:
            NotApplicableError: There are none, or not so many, or of another shape.
        """
        self.need(layer, role)
        tensors = sorted(self._tensors[layer, role], key=lambda tensor: tensor.expert or 0)
        flat = self._bias(layer, role, n_experts * rows)
        biases = [None] * n_experts if flat is None else list(flat.reshape(n_experts, rows))
        if len(tensors) == 1 and tensors[0].expert is None:
            _require_shape(tensors[0], (n_experts, rows, columns))
            each = zip(self._factors(tensors[0]), biases, strict=True)
            return [
                replace(self._rows_of(tensors[0], e * rows, rows), scale=float(factor), bias=bias)
                for e, (factor, bias) in enumerate(each)
            ]
        if [tensor.expert for tensor in tensors] != list(range(n_experts)):
            place = role if layer is None else f"blk.{layer}.{role}"
            raise NotApplicableError(f"{place} is not complete: {len(tensors)} of {n_experts} experts")
        for tensor in tensors:
            _require_shape(tensor, (rows, columns))
            self._read.add(tensor.index)
        return [
            replace(self._rows_of(tensor, 0, rows), scale=float(self._factors(tensor)[0]), bias=bias)
            for tensor, bias in zip(tensors, biases, strict=True)
        ]

    def _rows_of(self, tensor: Tensor, first: int, n_rows: int) -> Matrix:
        """Some rows of a tensor, with the weights among them that count as zero."""
        zeroed = self._zeroed.get(tensor.name, [])
        return Matrix(tensor, first, n_rows, zeroed=tuple(at for at in zeroed if first <= at[0] < first + n_rows))

    def _factors(self, tensor: Tensor) -> Floats:
        """The factor of each expert in a tensor, of a matrix one."""
        if tensor.factor is not None:
            self._read.add(tensor.factor.tensor.index)
        elif (other := self.find(tensor.layer, f"{tensor.role}.scale")) is not None:
            raise NotApplicableError(f"{other.name} has {other.n_elements} elements: no factor of {tensor.name}")
        factors = expert_factors(tensor)
        if tensor.factor is not None and not np.isfinite(tensor.factor.values()).all():
            raise _not_finite(tensor.factor.tensor.name)
        return factors


def _not_finite(name: str) -> NotApplicableError:
    return NotApplicableError(f"{name} has a weight that is not finite")


def _require_shape(tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape or 0 in shape:
        raise ShapeError(tensor.name, f"is {shape_text(tensor.shape)}, not {shape_text(shape)}")
