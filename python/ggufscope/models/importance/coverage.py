"""How much of a model an importance matrix covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import ImportanceError
from ...loading import lazy

if TYPE_CHECKING:
    import numpy as np

    from ..model import Model
    from ..tensor import Tensor
    from .importance import Importance
else:
    np = lazy("numpy")

# Tables of rows that are looked up: nothing is multiplied with them, so nothing goes into their columns.
_LOOKED_UP = ("token_embd.weight", "per_layer_token_embd.weight", "position_embd.weight", "token_types.weight")


@dataclass(frozen=True)
class Coverage:
    """What an importance matrix has of a model.

    Attributes:
        covered: names of the model's matrices that it has sums of.
        uncovered: names of those that it has none of; tables of embeddings are not counted.
        foreign: names of tensors that it has sums of and the model does not have.
        experts_without_data: tensor → numbers of its experts that nothing was summed for.
        n_experts: tensor → how many experts it has; of the same tensors.
    """

    covered: list[str]
    uncovered: list[str]
    foreign: list[str]
    experts_without_data: dict[str, list[int]]
    n_experts: dict[str, int]

    @property
    def share(self) -> float | None:
        """Covered / all matrices; None of a model without matrices."""
        total = len(self.covered) + len(self.uncovered)
        return len(self.covered) / total if total else None


def coverage_of(importance: Importance, model: Model) -> Coverage:
    """What an importance matrix has of a model.

    Raises:
        ImportanceError: It is of another model: it has no tensor of this one, or one of another shape.
        GGUFError: A file shrank since it was opened.
    """
    matrices = [tensor for tensor in model.tensors.values() if _is_multiplied(tensor)]
    covered = [tensor for tensor in model.tensors.values() if tensor.name in importance.sums]
    if not covered:
        raise ImportanceError(
            f"{importance.path}: none of its {len(importance.sums)} tensors is in {model.path}:"
            " the importance matrix is of another model"
        )
    without: dict[str, list[int]] = {}
    for tensor in covered:
        means = importance.mean_squares_of(importance.sums[tensor.name], tensor.shape)
        empty = np.flatnonzero(np.isnan(means).any(axis=1)).tolist()
        if empty:
            without[tensor.name] = empty
    names = {tensor.name for tensor in model.tensors.values()}
    return Coverage(
        covered=[tensor.name for tensor in covered],
        uncovered=[tensor.name for tensor in matrices if tensor.name not in importance.sums],
        foreign=[name for name in importance.sums if name not in names],
        experts_without_data=without,
        n_experts={name: model.tensors[name].n_experts for name in without},
    )


def _is_multiplied(tensor: Tensor) -> bool:
    return tensor.kind == "matrix" and tensor.name not in _LOOKED_UP and tensor.layer is not None
