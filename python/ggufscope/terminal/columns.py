"""Columns of tables, and which of them there is room for.

What is drawn shrinks first and leaves first, then columns leave, those with the highest `yields` before others and of
equal ones the right before the left. Where the first columns have no room either, names stand on lines of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from ..text.glyphs import LONGEST_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..text.glyphs import Glyphs

GAP = 2
_NARROWEST_PROSE = 16  # characters that a column of sentences keeps, where it has so many
INDENT = 2  # of the numbers below a name


@dataclass(frozen=True)
class Drawing:
    """Bars or curves of a column, as wide as there is room.

    Attributes:
        draw: the texts of all rows, at most so many cells wide.
        shortest: cells under which nothing is drawn.
        longest: cells beyond which nothing is gained.
    """

    draw: Callable[[int], Sequence[str]]
    shortest: int = 3
    longest: int = 16


@dataclass(frozen=True, eq=False)
class Column:
    """A column.

    Attributes:
        title: its head, of one line or two.
        cells: its texts; those that are no `Text` may come from files, and are escaped.
        kind: `"number"` is aligned to the right; `"text"` and `"name"` to the left, and names may have lines of their
            own; none is ever broken. `"prose"` is, between words.
        yields: columns with the highest leave first where there is no room; those with 0 stay longest.
        drawing: behind the cells, or without cells the column itself.
        name: what to call the column outside of the table; by default its title.
    """

    title: str
    cells: Sequence[str | Text] = ()
    kind: str = "number"
    yields: int = 0
    drawing: Drawing | None = field(default=None, kw_only=True)
    name: str | None = field(default=None, kw_only=True)

    @property
    def spoken(self) -> str:
        """Its name in a line."""
        return " ".join((self.name or self.title).split())

    def texts(self, glyphs: Glyphs) -> list[Text]:
        """Its cells, escaped, those of absurd length cut: any of them may come from a file."""
        return [cell if isinstance(cell, Text) else Text(glyphs.cut(cell, LONGEST_TEXT)) for cell in self.cells]


def by_importance(columns: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """The columns, of which those that stand last in `names` leave first; the first one stays."""
    return [
        Column(each.title, each.cells, each.kind, names.index(each.title), drawing=each.drawing, name=each.name)
        for each in columns
    ]


def leaving(columns: Sequence[Column], first: int = 1) -> list[Column]:
    """The columns, of which all but the first ones leave from the right where there is no room."""
    return [
        Column(each.title, each.cells, each.kind, max(0, place - first + 1), drawing=each.drawing, name=each.name)
        for place, each in enumerate(columns)
    ]


@dataclass(frozen=True, eq=False)
class Sized:
    """A column with its texts, and how wide it is."""

    column: Column
    texts: Sequence[Text]
    width: int

    @classmethod
    def of(cls, column: Column, glyphs: Glyphs) -> Sized:
        """As wide as it needs; a column that is only drawn as narrow as it may be."""
        texts = column.texts(glyphs)
        head = max(map(cell_len, column.title.split("\n")))
        drawn = column.drawing.shortest if column.drawing is not None and not texts else 0
        return cls(column, texts, max([head, drawn, *(line_width(text.plain) for text in texts)]))

    @property
    def only_drawn(self) -> bool:
        return self.column.drawing is not None and not self.texts

    @property
    def least(self) -> int:
        """The width that it needs."""
        if self.column.kind != "prose":
            return self.width
        head = max(map(cell_len, self.column.title.split("\n")))
        return max(head, min(self.width, _NARROWEST_PROSE))


def line_width(plain: str) -> int:
    """Cells of the longest line of a text."""
    return max(map(cell_len, plain.split("\n")))


def needed(columns: Sequence[Sized]) -> int:
    """The least cells that columns need side by side."""
    return sum(each.least for each in columns) + GAP * (len(columns) - 1)


@dataclass(frozen=True)
class Choice:
    """What of a table is shown.

    Attributes:
        key: the column whose cells stand on lines of their own, above the others of their row; None for a plain table.
        shown: the other columns, from the left.
        left: those that there is no room for.
    """

    key: Sized | None
    shown: list[Sized]
    left: list[Sized]


def chosen(columns: Sequence[Sized], width: int) -> Choice:
    """The columns that there is room for."""
    shown = _dropped(list(columns), width, optional=True)
    key = next((each for each in shown if each.column.kind == "name"), None)
    if needed(shown) > width and key is not None and len(shown) > 1:
        beside = [each for each in columns if each is not key]
        shown = _dropped(beside, width - INDENT, optional=False)
        return Choice(key, shown, [each for each in beside if each not in shown])
    shown = _dropped(shown, width, optional=False)
    return Choice(None, shown, [each for each in columns if each not in shown])


def _dropped(columns: list[Sized], width: int, *, optional: bool) -> list[Sized]:
    """The columns without those that leave; with `optional` only those that may leave early."""
    shown = list(columns)
    while needed(shown) > width and len(shown) > 1:
        drawn = [each for each in shown if each.only_drawn]
        early = [each for each in shown if each.column.yields]
        if not drawn and not early and optional:
            break
        candidates = drawn or early or shown[1:]
        most = max(each.column.yields for each in candidates)
        last = [each for each in candidates if each.column.yields == most][-1]
        shown = [each for each in shown if each is not last]
    return shown


def widened(columns: Sequence[Sized], width: int) -> list[Sized]:
    """The columns with room for prose given out: those that need little get that, and the others equal shares."""
    prose = sorted((each for each in columns if each.column.kind == "prose"), key=lambda each: each.width)
    room = width - needed([each for each in columns if each.column.kind != "prose"]) - GAP * len(prose)
    if len(prose) == len(columns):
        room += GAP
    given: dict[int, int] = {}
    for place, each in enumerate(prose):
        given[id(each)] = max(each.least, min(each.width, room // (len(prose) - place)))
        room -= given[id(each)]
    return [Sized(each.column, each.texts, given.get(id(each), each.width)) for each in columns]


def drawn(columns: Sequence[Sized], width: int) -> list[Sized]:
    """The columns with bars and curves in what room is left."""
    room = width - sum(each.width for each in columns) - GAP * (len(columns) - 1)
    result = []
    for each in columns:
        if each.only_drawn:
            drawing = _drawing_of(each)
            cells = max(drawing.shortest, min(drawing.longest, each.width + room))
            texts = [Text(text, "cyan") for text in drawing.draw(cells)]
            used = max([each.width if not texts else 0, *(cell_len(text.plain) for text in texts), _head(each)])
            room -= used - each.width
            each = Sized(each.column, texts, used)  # noqa: PLW2901
        result.append(each)
    barred = [each for each in result if each.column.drawing is not None and each.column.cells]
    if not barred:
        return result
    share = room // len(barred) - 1
    return [_with_bars(each, share) if each in barred else each for each in result]


def _head(sized: Sized) -> int:
    return line_width(sized.column.title)


def _drawing_of(sized: Sized) -> Drawing:
    assert sized.column.drawing is not None  # noqa: S101 - the callers have looked
    return sized.column.drawing


def _with_bars(sized: Sized, room: int) -> Sized:
    drawing = _drawing_of(sized)
    cells = min(room, drawing.longest)
    if cells < drawing.shortest:
        return sized
    bars = drawing.draw(cells)
    texts = [
        Text(" " * (sized.width - cell_len(text.plain))).append_text(text).append(f" {bar.ljust(cells)}", "cyan")
        for text, bar in zip(sized.texts, bars, strict=True)
    ]
    return Sized(sized.column, texts, sized.width + 1 + cells)
