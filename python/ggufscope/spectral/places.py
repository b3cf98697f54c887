"""The matrices that a model's tensors hold: a tensor is one, a stack of experts many, and some hold several parts.

attn_qkv                 rows of q, then of k, then of v
ffn_up without a gate    rows of the gate, then as many of up      (Phi 3, GLM 4)
ffn_gate_up_exps         the same in every expert
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..models.heads import heads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..models.model import Model
    from ..models.tensor import Tensor


@dataclass(frozen=True)
class Matrix:
    """One matrix inside a tensor.

    Attributes:
        tensor: that holds it.
        first_row: counted over all leading dimensions of the tensor.
        rows: m.
        columns: n.
        expert: its number; None where the tensor is not of experts.
        part: name of the part of a tensor that holds several matrices on top of one another; else None.
    """

    tensor: Tensor
    first_row: int
    rows: int
    columns: int
    expert: int | None = None
    part: str | None = None

    @property
    def short_side(self) -> int:
        """The number of singular values."""
        return min(self.rows, self.columns)

    @property
    def n_weights(self) -> int:
        """Weights in it."""
        return self.rows * self.columns


def matrices_of(model: Model, tensor: Tensor) -> Iterator[Matrix]:
    """The matrices of a tensor of two or three dimensions."""
    *leading, rows, columns = tensor.shape
    for index in range(leading[0] if leading else 1):
        expert = index if leading else tensor.expert
        first = index * rows
        for part, n_rows in _parts(model, tensor, rows):
            yield Matrix(tensor, first, n_rows, columns, expert, part)
            first += n_rows


def _parts(model: Model, tensor: Tensor, rows: int) -> list[tuple[str | None, int]]:
    """Name and rows of each part, from top to bottom."""
    half = model.half_rows.get(tensor.name)
    if half:
        return [("gate", half), ("up", half)]
    geometry = heads(model, tensor)
    if geometry is not None and geometry.axis == "rows" and len(geometry.groups) > 1:
        return [(group.kind, group.n_heads * geometry.size) for group in geometry.groups]
    return [(None, rows)]


def is_measured(tensor: Tensor, *, everything: bool) -> bool:
    """Whether spectra are of a tensor: matrices in layers, or all matrices."""
    return tensor.kind == "matrix" and (everything or tensor.layer is not None)
