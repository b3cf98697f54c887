"""A router of experts, by whatever of it a test changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ggufscope.architecture.parts import Router

if TYPE_CHECKING:
    from ggufscope.architecture.matrices import Matrix


def router_of(matrix: Matrix, **changes: Any) -> Router:
    """The three best experts by softmax over all, whose shares are the weights."""
    settings: dict[str, Any] = {
        "n_used": 3,
        "scoring": "softmax",
        "selection_bias": None,
        "n_groups": 1,
        "n_used_groups": 1,
        "normalized": False,
        "scale": 1.0,
    }
    return Router(matrix, **(settings | changes))
