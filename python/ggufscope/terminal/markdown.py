"""A view as Markdown for pull requests: a heading, lists of facts, tables as GitHub has them.

No text from a file becomes markup, HTML, a link or a mention. Tables have no width, so no column leaves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.text import Text

from ..text.escape import escape, escape_markdown
from ..text.glyphs import LONGEST_TEXT
from .screen import JOINT, REFERENCE, Screen, as_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..text.glyphs import Glyphs
    from .columns import Column

_WIDTH = 100  # cells, for what is drawn outside of tables
_CURVE = 32  # cells of a curve in a table
_NEXT_LINE = "\\\n  "  # inside an item of a list


class MarkdownScreen(Screen):
    """Gathers blocks of Markdown; `text` joins them."""

    def __init__(self, glyphs: Glyphs, elsewhere: str) -> None:
        self.width = _WIDTH
        self.glyphs = glyphs
        self.elsewhere = elsewhere
        self._blocks: list[tuple[str, list[str]]] = []  # kind and lines; lines of one kind in a row are one block

    def text(self) -> str:
        """The document so far."""
        return "\n\n".join("\n".join(lines) for _, lines in self._blocks if lines)

    def headline(self, title: str) -> None:
        self._add("heading", f"## {_inline(self.glyphs.cut(title, LONGEST_TEXT))}")

    def heading(self, text: str | Text) -> None:
        self._add("heading", f"### {_inline(text)}")

    def line(self, text: str | Text, style: str = "", *, hang: int = 0, fold: bool = True) -> None:
        del style, fold
        plain = text.plain if isinstance(text, Text) else text
        marked = plain[:hang].strip()
        if hang and marked in {self.glyphs.dot, ""}:
            self._add("list", f"- {_inline(plain[hang:])}")
        else:
            self._add("paragraph", _inline(plain))

    def whole(self, *lines: str, style: str = "") -> None:
        del style
        shown = "\n".join(map(escape, lines))
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", shown)), 3)
        self._add("code", f"{fence}\n{shown}\n{fence}")

    def fact(self, label: str | Text, text: str | Text, style: str = "", *, width: int = REFERENCE) -> None:
        del style, width
        head = f"**{_inline(label)}**: " if str(label).strip() else ""
        lines = map(_inline, as_text(text).split("\n"))
        self._add("list", f"- {head}{_NEXT_LINE.join(lines)}")

    def table(
        self,
        columns: Sequence[Column],
        title: str | Text | None = None,
        *,
        gaps: Collection[int] = (),
        folds: bool = False,
    ) -> None:
        del gaps, folds
        if title is not None:
            self.heading(title)
        cells = [_cells(column, self.glyphs) for column in columns]
        heads = [_inline(column.spoken) for column in columns]
        rules = ["--:" if column.kind == "number" and column.cells else ":--" for column in columns]
        rows = [heads, rules, *([_inline(cell) for cell in row] for row in zip(*cells, strict=True))]
        self._add("table", "\n".join(f"| {' | '.join(row)} |" for row in rows))
        self._add("end", "")

    def blank(self) -> None:
        self._add("end", "")

    def _add(self, kind: str, text: str) -> None:
        if kind == "list" and self._blocks and self._blocks[-1][0] == "list":
            self._blocks[-1][1].append(text)
        else:
            self._blocks.append((kind, [text] if text else []))


def _cells(column: Column, glyphs: Glyphs) -> Sequence[Text]:
    if column.cells or column.drawing is None:
        return column.texts(glyphs)
    return [Text(text) for text in column.drawing.draw(min(_CURVE, column.drawing.longest))]


def _inline(text: str | Text) -> str:
    """A text in one line of Markdown."""
    plain = text.plain if isinstance(text, Text) else text
    return escape_markdown(" ".join(plain.replace(JOINT, " ").split("\n")).strip())
