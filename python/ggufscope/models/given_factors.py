"""The factors beside tensors in the form that the core takes them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .factor import Factor
    from .stored import StoredTensor

GivenFactors = list[float] | tuple[int, int, list[float]]


def factors_of(tensors: Iterable[StoredTensor]) -> dict[int, GivenFactors]:
    """The factors of those of the tensors that have some, by position in the tensor table, as the core takes them.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: The model is closed.
    """
    return {tensor.index: _given(tensor.factor) for tensor in tensors if tensor.factor is not None}


def _given(factor: Factor) -> GivenFactors:
    values = factor.values().tolist()
    return values if factor.grid is None else (*factor.grid, values)
