"""The rows, heads and experts of a tensor that err most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .figures import quotient
from .records import PartError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import numpy.typing as npt

    from ..models.heads import HeadGeometry

    Sums = npt.NDArray[np.float64]

MOST = 5  # of each


def worst_rows(errors: Sums, references: Sums, rows_of_expert: int | None) -> list[PartError]:
    """The rows with the largest nmse, from the sums of each.

    Args:
        errors: Σ(b − a)² of each row.
        references: Σa² likewise.
        rows_of_expert: in a stack of experts, how many rows each has.
    """
    parts = []
    for row, nmse, share in _worst(errors, references):
        expert, index = (None, row) if rows_of_expert is None else divmod(row, rows_of_expert)
        parts.append(PartError(index, nmse, share, expert=expert))
    return parts


def worst_experts(experts: Sequence[Mapping[str, Any]]) -> list[PartError]:
    """The experts with the largest nmse, from the fields of each."""
    errors, references = (np.array([each[name] for each in experts]) for name in ("error_squares", "reference_squares"))
    return [PartError(*worst) for worst in _worst(errors, references)]


def worst_heads(geometry: HeadGeometry, fields: Mapping[str, Any]) -> list[PartError]:
    """The heads with the largest nmse, from the sums of rows or columns; those of all kinds in a tensor together."""
    axis = geometry.axis.removesuffix("s")
    lines = [fields.get(f"{axis}_{name}", ()) for name in ("error_squares", "reference_squares")]
    if len(lines[0]) != geometry.n_heads * geometry.size:  # too many rows to have kept sums of each
        return []
    errors, references = (np.array([math.fsum(head) for head in line.reshape(geometry.n_heads, -1)]) for line in lines)
    names = [(group.kind, head) for group in geometry.groups for head in range(group.n_heads)]
    return [
        PartError(names[place][1], nmse, share, kind=names[place][0])
        for place, nmse, share in _worst(errors, references)
    ]


def changed_rows(errors: Sums) -> int:
    """Rows with an error."""
    return int(np.count_nonzero(errors))


def median_nmse(errors: Sums, references: Sums) -> float | None:
    """The median over the rows whose weights are not all 0."""
    counted = references > 0
    return float(np.median(errors[counted] / references[counted])) if counted.any() else None


def _worst(errors: Sums, references: Sums) -> list[tuple[int, float | None, float]]:
    """Number, nmse and share of the error; the first of equal ones first, those without a reference before all."""
    total = math.fsum(errors)
    wrong = np.flatnonzero(errors > 0)
    ratios = np.full(len(wrong), np.inf)
    np.divide(errors[wrong], references[wrong], out=ratios, where=references[wrong] > 0)
    order = wrong[np.argsort(-ratios, kind="stable")[:MOST]]
    return [(int(i), quotient(float(errors[i]), float(references[i])), float(errors[i]) / total) for i in order]
