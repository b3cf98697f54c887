"""Tables that fit the terminal: columns give way in a stated order, names are broken over lines, and nothing is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..text.glyphs import LONGEST_TEXT, Glyphs
from .console import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_GAP = 2
_NARROWEST_NAME = 22  # characters that a column of names keeps, where it has so many


@dataclass(frozen=True)
class Fitted:
    """A column.

    Attributes:
        title: its head.
        cells: its texts; they may come from files, and are escaped.
        kind: `"number"` is aligned to the right, `"text"` to the left, and neither is ever broken; a `"name"` is.
        yields: columns with the highest go first where there is no room; those with 0 stay.
    """

    title: str
    cells: Sequence[str]
    kind: str = "number"
    yields: int = 0

    @property
    def width(self) -> int:
        """Characters of its longest text."""
        return max(len(self.title), *map(len, self.cells), 0)


def render_fitted(console: Console, columns: Sequence[Fitted], title: str | None = None) -> None:
    """Print the columns that there is room for, in their order."""
    glyphs = Glyphs.of(console.encoding)
    shown = [_cut(column, glyphs) for column in columns]
    while _needed(shown) > console.width and any(column.yields for column in shown):
        last = max(shown, key=lambda column: column.yields)
        shown = [column for column in shown if column is not last]
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.padding = (0, _GAP, 0, 0)
    for column in shown:
        table.add_column(
            Text(column.title),
            justify="right" if column.kind == "number" else "left",
            no_wrap=column.kind != "name",
            overflow="fold",
        )
    for row in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*map(Text, row))
    print_table(console, table)


def _cut(column: Fitted, glyphs: Glyphs) -> Fitted:
    """The column with all texts escaped, and those of absurd length cut: any of them may come from a file."""
    title, *cells = (glyphs.cut(text, LONGEST_TEXT) for text in (column.title, *column.cells))
    return Fitted(title, cells, column.kind, column.yields)


def _needed(columns: Sequence[Fitted]) -> int:
    widths = [min(column.width, _NARROWEST_NAME) if column.kind == "name" else column.width for column in columns]
    return sum(widths) + _GAP * (len(columns) - 1)
