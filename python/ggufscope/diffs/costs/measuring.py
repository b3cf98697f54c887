"""`measure`: the costs of candidates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...architecture.matrices import RowSource
from ...arrays.arguments import thread_count
from .costs_result import STATIC, WEAK, Cost, Costs
from .static import static_cost
from .traced import traced_costs

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
    tokens: Sequence[int] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Costs:
    """The cost of each candidate, were it the only tensor that is not exact.

    Args:
        reference: the model whose weights count as exact.
        candidates: rows of tensors in types; tensors of two dimensions or more.
        importance: mean square of the input of each column, by name of the tensor, for a model that cannot be read:
            (columns,), or (experts, columns).
        tokens: to read, at least two; by default the first 256 of a neutral text that comes along.
        threads: at most so many; by default the cores this process may use.
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel.

    Returns:
        The costs; static ones of a model that cannot be read, with the reason, and of matrices that it does not
        multiply, as those of blocks that predict tokens behind the next one.

    Raises:
        GGUFError: The file shrank since it was opened.
        KeyError: A candidate is none of the reference's tensors.
    """
    weights = importance or {}
    given = None if tokens is None else np.asarray(tokens, np.int32)
    n_threads = thread_count(threads)
    try:
        costs = traced_costs(reference, candidates, given, n_threads, progress)
    except NotApplicableError as reason:
        static = _static(reference, candidates, weights, n_threads, progress)
        return Costs(static, STATIC, str(reason), warnings=(WEAK,))
    traced = {tensor for tensor, _ in costs.by_place}
    unread = {name: by_type for name, by_type in candidates.items() if name not in traced}
    if not unread:
        return costs
    by_place = {**costs.by_place, **_static(reference, unread, weights, n_threads, progress)}
    return replace(costs, by_place=by_place, warnings=(*costs.warnings, _not_read(unread)))


def _static(
    reference: Model,
    candidates: Candidates,
    importance: Mapping[str, Floats],
    threads: int,
    progress: Progress | None,
) -> dict[tuple[str, str], Cost]:
    costs = {}
    for place, (name, by_type) in enumerate(candidates.items()):
        if progress is not None:
            progress(name, place / len(candidates))
        tensor = reference.tensors[name]
        for type_name, rows in by_type.items():
            costs[name, type_name] = Cost(static_cost(tensor, rows, importance.get(name), threads))
    return costs


def _not_read(names: Collection[str]) -> str:
    """A sentence about matrices that a model does not multiply while it reads."""
    first, others = next(iter(names)), len(names) - 1
    some = f"{first} and {others} more are" if others else f"{first} is"
    return f"{some} not multiplied while the model reads: the cost is the relative error times a mean of the role"
