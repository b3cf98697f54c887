"""Parts that the charts of a diff share: names of the models, axes of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ..content.diff_words import labels
from .axes import log_ticks
from .words import unique

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...diffs.diff_document import DiffDocument

MOST_MODELS = 8  # colours that are told apart


def model_labels(document: DiffDocument) -> list[str]:
    """What charts call the models."""
    return unique(labels(document))


def only_models(n: int) -> str:
    """The sentence for a chart that does not draw all of n models; empty where it does."""
    return f" Drawn are the first {MOST_MODELS} of {n} models; all are in the table." if n > MOST_MODELS else ""


def error_axis(errors: Iterable[float]) -> alt.Axis:
    """An axis of NMSE on a logarithmic scale, in percent."""
    label = PERCENT.format("datum.value")
    return alt.Axis(values=log_ticks(errors), labelExpr=label, labelOverlap="greedy", grid=True)


# An expression for the value of one, as "0.0029 %".
PERCENT = "format(100 * ({0}), 100 * ({0}) < 1e-3 ? '.0~e' : '.3~g') + ' %'"
