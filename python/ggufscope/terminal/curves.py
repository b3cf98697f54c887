"""Curves over the layers, one below the other, with the ends between which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..text.numbers import short
from .columns import Column, Drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .screen import Screen


class Series(NamedTuple):
    """What is drawn in a line: its label, and the value of each layer."""

    label: str
    values: Sequence[float | None]


def render_curves(screen: Screen, series: Sequence[Series], title: str, text: Callable[[float], str] = short) -> None:
    """Print a line for each series.

    Args:
        screen: to print to.
        series: of one model, each with as many layers as it has.
        title: above the curves, as `"layers 0-29"`.
        text: of a value.
    """
    known = [[value for value in values if value is not None] for _, values in series]
    drawing = Drawing(
        lambda width: [screen.glyphs.curve(peaks(values, width)) for _, values in series],
        shortest=len(title),
        longest=max((len(values) for _, values in series), default=0),
    )
    nothing = screen.glyphs.nothing
    screen.table(
        [
            Column("", [label for label, _ in series], "prose", name="figure"),
            Column(title, drawing=drawing),
            Column("lowest", [text(min(values)) if values else nothing for values in known]),
            Column("highest", [text(max(values)) if values else nothing for values in known]),
        ]
    )


def peaks(values: Sequence[float | None], width: int) -> list[float | None]:
    """At most `width` values: where there are more, the highest of each run of neighbours.

    >>> peaks([1.0, 5.0, 2.0, None], 2)
    [5.0, 2.0]
    """
    cells = min(width, len(values))
    bounds = [round(i * len(values) / cells) for i in range(cells + 1)] if cells > 0 else []
    runs = [values[bounds[i] : bounds[i + 1]] for i in range(max(0, cells))]
    return [max((value for value in run if value is not None), default=None) for run in runs]
