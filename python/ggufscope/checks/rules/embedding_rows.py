"""Rows of the token embedding that are zero, or equal for several tokens."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from ...text.numbers import counted
from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts

_MOST = 0.5
_SMALL = 0.05  # of the median norm
_MOST_ROWS = 1 << 19  # no vocabulary has more


@rule(
    "embedding-rows",
    "note",
    "tokens whose embeddings are zero, equal or tiny",
    reads="weights",
    why="Tokens that were never trained keep the row that they began with: zeros, tiny numbers, or one row for all"
    " of them. Every larger vocabulary has some; a model that is given such a token does not know what it is. More than"
    " half of all rows alike are a warning, unless the file says that its weights are made up.",
    remedy="Do not feed these tokens; where they are many, compare the vocabulary with the original.",
)
def embedding_rows(facts: Facts) -> Iterator[Fault]:
    for each in facts.trained():
        if each.tensor.role != "token_embd" or len(each.tensor.shape) != 2 or each.is_constant:
            continue
        yield from _small_rows(facts, each)
        groups = _equal_rows(each)
        if not groups:
            continue
        count = sum(len(group) for group in groups)
        zero = each.statistics.get("row_l2")
        n_zero = 0 if zero is None else int((zero == 0).sum())
        parts = f"{counted(count, 'token')} share {counted(len(groups), 'row')}, the most {len(groups[0])}"
        zeros = f"; {n_zero} of them zeros" if n_zero else ""
        first = groups[0]
        sentence = f"{parts}{zeros}: tokens {listed(first)} and others" if len(groups) > 1 else f"{parts}{zeros}"
        place = facts.at_element(each.tensor, first[0] * each.tensor.shape[-1], count=count)
        # Made-up weights were not trained at all, and say so.
        many = count > _MOST * each.tensor.n_rows and not facts.model.synthetic
        yield Fault(f"{sentence}, in {each.tensor.name}", place, "warning" if many else None)


def _small_rows(facts: Facts, table: TensorFacts) -> Iterator[Fault]:
    """Rows that are not zero and far smaller than usual: tokens that training hardly ever saw."""
    norms = table.statistics.get("row_l2")
    if norms is None or not np.isfinite(norms).all():
        return
    rows = np.flatnonzero((norms > 0) & (norms < _SMALL * np.median(norms)))
    if rows.size:
        sentence = f"{counted(int(rows.size), 'token')} with rows under a twentieth of the usual size, in"
        place = facts.at_element(table.tensor, int(rows[0]) * table.tensor.shape[-1], count=int(rows.size))
        yield Fault(f"{sentence} {table.tensor.name}: tokens {listed(rows.tolist())}", place)


def _equal_rows(facts: TensorFacts) -> list[list[int]]:
    """Groups of rows that are equal byte for byte, the largest first. Equal rows have equal norms."""
    norms = facts.statistics.get("row_l2")
    if norms is None or len(norms) > _MOST_ROWS:
        return []
    size = facts.tensor.n_bytes // facts.tensor.n_rows
    order = np.argsort(norms, kind="stable")
    same = np.flatnonzero(np.diff(norms[order]) == 0)
    groups: dict[bytes, list[int]] = defaultdict(list)
    for place in np.unique(np.concatenate([same, same + 1])).tolist():
        row = int(order[place])
        groups[facts.tensor.read(row * size, size)].append(row)
    equal = [sorted(group) for group in groups.values() if len(group) > 1]
    return sorted(equal, key=lambda group: (-len(group), group[0]))
