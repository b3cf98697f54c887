"""Parts that the charts of a diff share: names of the models, axes of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ..content.diff_words import labels
from .axes import log_ticks
from .labels import percent_label
from .words import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...diffs.diff_document import DiffDocument

MOST_MODELS = 8  # colours that are told apart
_LONGEST_CAPTION = 32  # characters
_CHARACTER, _CAPTION_PADDING = 6, 34  # pixels


def model_labels(document: DiffDocument) -> list[str]:
    """What charts call the models."""
    return unique(labels(document))


def only_models(n: int) -> str:
    """The sentence for a chart that does not draw all of n models; empty where it does."""
    return f" Drawn are the first {MOST_MODELS} of {n} models; all are in the table." if n > MOST_MODELS else ""


def error_axis(errors: Iterable[float]) -> alt.Axis:
    """An axis of NMSE on a logarithmic scale, in percent."""
    return alt.Axis(values=log_ticks(errors), labelExpr=percent_label(), labelOverlap="greedy", grid=True)


def model_colours(labels: Sequence[str], field: str = "of") -> alt.Color:
    """Colours that tell models."""
    scale = alt.Scale(domain=list(labels))
    return alt.Color(f"{field}:N", title="model", sort=None, scale=scale, legend=model_legend(labels))


def model_legend(labels: Sequence[str]) -> alt.Legend:
    """A legend of models whose captions fit the narrowest page.

    Names of the files of one model often differ at their ends alone: one that is too long is cut in the middle.
    """
    column = _CAPTION_PADDING + _CHARACTER * min(max(map(len, labels), default=0), _LONGEST_CAPTION)
    return alt.Legend(
        titleOrient="top",
        columns=alt.ExprRef(expr=f"max(1, floor(width / {column}))"),
        labelLimit=0,
        labelExpr=(
            f"length(datum.label) > {_LONGEST_CAPTION} ? slice(datum.label, 0, {_LONGEST_CAPTION // 2}) + '…'"
            f" + slice(datum.label, -{_LONGEST_CAPTION // 2 - 1}) : datum.label"
        ),
    )
