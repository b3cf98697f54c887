"""Rows of a matrix of a layer in which every weight is zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...text.numbers import counted
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts


@rule(
    "zero-rows",
    "note",
    "rows of zeros in matrices of layers",
    reads="weights",
    why="A row of zeros is an output that is always zero: a neuron or a part of a head that was pruned, or lost."
    " Three rows of ten in a matrix are a warning.",
    remedy="Compare with the original: a pruned model says so.",
)
def zero_rows(facts: Facts) -> Iterator[Fault]:
    for each in facts.trained():
        norms = each.norms("row_l2")
        if not each.is_of_layers or norms is None or not each.statistics.get("abs_max"):
            continue
        rows = np.flatnonzero(norms == 0)
        rows = rows[[not _is_told_of(each, row) for row in rows.tolist()]] if rows.size else rows
        if rows.size == 0:
            continue
        columns = each.tensor.shape[-1]
        share = rows.size / len(norms)
        sentence = f"{counted(int(rows.size), 'row')} of {len(norms)} are all zeros in {each.tensor.name}"
        place = facts.at_element(each.tensor, int(rows[0]) * columns, count=int(rows.size))
        yield Fault(f"{sentence}, first row {rows[0]}", place, "warning" if share >= _MANY else None)


_MANY = 0.3


def _is_told_of(facts: TensorFacts, row: int) -> bool:
    """Whether a row is of an expert of zeros, or lies in a hole: these have rules of their own."""
    if facts.experts and facts.zero_experts[row // (facts.tensor.n_rows // len(facts.experts))]:
        return True
    size = facts.tensor.n_bytes // facts.tensor.n_rows
    return any(run.begin <= row * size and (row + 1) * size <= run.end for run in facts.holes)
