"""What a fine-tune changed: of two models of the same types, the tensors and rows that are not equal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from ..lineage_record import Moved, MovedRows
from .sampling import seen_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..matching import TensorPair
    from ..records import TensorDiff

_FIRST_ROWS = 8  # that are named
_FEW = 0.5  # of the rows, below which those that differ are named
_CHUNK = 1 << 20  # weights decoded at a time


def moved(pairs: Sequence[TensorPair], diffs: Sequence[TensorDiff]) -> Moved | None:
    """Tensors that differ; None where types differ, where none is equal or none differs.

    Args:
        pairs: that were compared.
        diffs: of them, in the same order.

    Raises:
        GGUFError: A file shrank since it was opened.
    """
    differing = [(pair, diff) for pair, diff in zip(pairs, diffs, strict=True) if not _is_equal(diff)]
    n_equal = len(diffs) - len(differing)
    if not differing or not n_equal or any(diff.reference_type != diff.model_type for diff in diffs):
        return None
    roles = Counter(diff.role for _, diff in differing if diff.role is not None)
    return Moved(
        n_equal,
        [diff.name for _, diff in differing],
        sorted({diff.layer for _, diff in differing if diff.layer is not None}),
        [role for role, _ in roles.most_common()],
        [
            MovedRows(diff.name, diff.changed_rows, _first_rows(pair))
            for pair, diff in differing
            if diff.changed_rows and diff.changed_rows < _FEW * pair.model.n_rows
        ],
    )


def _is_equal(diff: TensorDiff) -> bool:
    """Whether nothing is left of what differs once conversions are undone."""
    return diff.identical or (bool(diff.views) and diff.unchanged == 1 and not diff.non_finite_count)


def _first_rows(pair: TensorPair) -> list[int]:
    """The first rows with a weight that differs."""
    columns = max(1, pair.shape[-1])
    n_rows = pair.model.n_rows if pair.view.model.rows is None else len(pair.view.model.rows)
    step = max(1, _CHUNK // columns)
    rows: list[int] = []
    for first in range(0, n_rows, step):
        which = slice(first, min(first + step, n_rows))
        a = seen_rows(pair.reference, pair.view.reference, which).reshape(-1, columns)
        b = seen_rows(pair.model, pair.view.model, which).reshape(-1, columns)
        with np.errstate(invalid="ignore"):  # of NaNs that signal
            differ = (a != b) & ~(np.isnan(a) & np.isnan(b))
        rows += [first + int(row) for row in np.flatnonzero(differ.any(axis=1))]
        if len(rows) >= _FIRST_ROWS:
            break
    return rows[:_FIRST_ROWS]
