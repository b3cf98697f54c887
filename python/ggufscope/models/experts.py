"""Experts of a mixture: which tensors are theirs, and how many one tensor holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_EXPERTS = 1024  # of a layer: twice the most of any model; tables of an analysis grow with them


def is_role_of_experts(role: str | None) -> TypeGuard[str]:
    """Whether tensors of a role are experts' (`"ffn_gate_exps"`), stored together or each by itself."""
    return role is not None and "_exps" in role


def holds_experts(shape: Sequence[int]) -> bool:
    """Whether a tensor of this shape holds experts one after another: it has three dimensions."""
    return len(shape) == 3


def experts_in(shape: Sequence[int]) -> int:
    """Experts in a tensor of this shape: its first dimension if it holds experts, otherwise 1."""
    return shape[0] if holds_experts(shape) else 1


def crowd_fault(shapes: Iterable[Sequence[int]]) -> str | None:
    """The reason why tensors of these shapes are of no model; None where they may be of one."""
    most = max(map(experts_in, shapes), default=0)
    return f"a tensor holds {most} experts; the limit is {MOST_EXPERTS} experts" if most > MOST_EXPERTS else None
