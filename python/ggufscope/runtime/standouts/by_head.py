"""Figures of heads over all sequences that were read, and as charts take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...arrays.means import mean_of_finite

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from .seen import Seen


def mean_of_heads(seen: Seen, name: str) -> Floats:
    """A figure of heads over all sequences in which it is defined, (layers, heads).

    Raises:
        NotApplicableError: It is defined nowhere.
    """
    table = seen.recorder.tables()[name][: len(seen.tokens)]
    if not np.isfinite(table).any():
        raise NotApplicableError("no layer has softmax attention over enough tokens")
    return mean_of_finite(table, axis=0)


def by_layer(figure: Floats, n_heads: tuple[int, ...]) -> list[list[float | None]]:
    """The figure for a chart: a row per layer, as long as that has heads."""
    rows = zip(figure, n_heads, strict=True)
    return [[float(x) if np.isfinite(x) else None for x in row[:heads]] for row, heads in rows]
