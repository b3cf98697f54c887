"""Rows of a matrix of a layer in which every weight is zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...text.numbers import counted
from ..holes import touched
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ..facts import Facts, TensorFacts

    Rows = npt.NDArray[np.intp]


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
        if not each.is_of_layers or not each.statistics.get("abs_max"):
            continue
        rows = _untold(each, each.norms.zero_rows)
        if rows.size == 0:
            continue
        columns = each.tensor.shape[-1]
        share = rows.size / each.norms.n_rows
        sentence = f"{counted(int(rows.size), 'row')} of {each.norms.n_rows} are all zeros in {each.tensor.name}"
        place = facts.at_element(each.tensor, int(rows[0]) * columns, count=int(rows.size))
        yield Fault(f"{sentence}, first row {rows[0]}", place, "warning" if share >= _MANY else None)


_MANY = 0.3
_MOST_DECODED = 1000  # rows


def _untold(facts: TensorFacts, rows: Rows) -> Rows:
    """The rows that are of no expert of zeros, and lie in no hole: these have rules of their own."""
    if facts.experts:
        rows = rows[~np.array(facts.zero_experts)[rows // (facts.tensor.n_rows // len(facts.experts))]]
    rows = rows[~touched(facts.holes, rows, facts.tensor.n_bytes // facts.tensor.n_rows)]
    if not facts.statistics["nan_count"] and not facts.statistics["inf_count"]:
        return rows
    # Norms are of finite weights: those of a row without any are zero, too.
    kept = [row for row in rows[:_MOST_DECODED].tolist() if not facts.tensor.dequantize(slice(row, row + 1)).any()]
    return np.array(kept, np.intp)
