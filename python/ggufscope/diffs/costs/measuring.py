"""`measure`: the costs of candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...architecture.matrices import RowSource
from .costs_result import STATIC, WEAK, Cost, Costs
from .static import static_cost

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...arrays.floats import Floats
    from ...models.model import Model

    Progress = Callable[[str, float], object]

# Name of a tensor → name of a type → its rows in this type.
Candidates = Mapping[str, Mapping[str, RowSource]]


def measure(
    reference: Model,
    candidates: Candidates,
    *,
    importance: Mapping[str, Floats] | None = None,
    progress: Progress | None = None,
) -> Costs:
    """The cost of each candidate, were it the only tensor that is not exact.

    Args:
        reference: the model whose weights count as exact.
        candidates: rows of tensors in types; tensors of two dimensions or more.
        importance: mean square of the input of each column, by name of the tensor, for a model that cannot be read:
            (columns,), or (experts, columns).
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel.

    Raises:
        GGUFError: The file shrank since it was opened.
        KeyError: A candidate is none of the reference's tensors.
    """
    return _static(reference, candidates, importance or {}, progress)


def _static(
    reference: Model, candidates: Candidates, importance: Mapping[str, Floats], progress: Progress | None
) -> Costs:
    costs = {}
    for place, (name, by_type) in enumerate(candidates.items()):
        if progress is not None:
            progress(name, place / len(candidates))
        tensor = reference.tensors[name]
        for type_name, rows in by_type.items():
            costs[name, type_name] = Cost(static_cost(tensor, rows, importance.get(name)))
    return Costs(costs, STATIC, warnings=(WEAK,))
