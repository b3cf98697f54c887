"""Types and sizes of the tensors of a model, role by role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .stacks import layer_ranges

if TYPE_CHECKING:
    from .model import Model
    from .tensor import Tensor


@dataclass
class RoleSummary:
    """All tensors of one role.

    Attributes:
        role: as in `Tensor.role`; None gathers the tensors whose names say nothing.
        types: type → the layers that have it, None for tensors outside the layers; the most frequent type last.
    """

    role: str | None
    n_tensors: int = 0
    n_parameters: int = 0
    n_bytes: int = 0
    types: dict[str, list[int | None]] = field(default_factory=dict)

    @property
    def bits_per_weight(self) -> float | None:
        return 8 * self.n_bytes / self.n_parameters if self.n_parameters else None

    def add(self, tensor: Tensor) -> None:
        self.n_tensors += 1
        self.n_parameters += tensor.n_elements
        self.n_bytes += tensor.n_bytes
        self.types.setdefault(tensor.type, []).append(tensor.layer)


def roles_of(model: Model) -> list[RoleSummary]:
    """One summary per role, in the order in which the roles first appear; tensors without a role come last."""
    summaries: dict[str | None, RoleSummary] = {}
    for tensor in model.tensors.values():
        summaries.setdefault(tensor.role, RoleSummary(tensor.role)).add(tensor)
    for summary in summaries.values():
        summary.types = dict(sorted(summary.types.items(), key=lambda item: len(item[1])))
    return sorted(summaries.values(), key=lambda summary: summary.role is None)


def type_map(summary: RoleSummary, times: str = "×") -> str:
    """`"Q6_K 0-3,6,9 | Q4_K rest"`, `"F32 ×2 | F16 ×3"` outside layers, or the type alone where it is the only one."""
    if len(summary.types) == 1:
        return next(iter(summary.types))
    parts = []
    for position, (name, layers) in enumerate(summary.types.items()):
        numbers = [layer for layer in layers if layer is not None]
        if not numbers:
            parts.append(f"{name} {times}{len(layers)}")
        else:
            parts.append(f"{name} {'rest' if position == len(summary.types) - 1 else layer_ranges(numbers)}")
    return " | ".join(parts)
