"""The screen of a terminal, a pipe or a file, and `show`, which writes a view to standard output."""

from __future__ import annotations

import sys
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ..text.glyphs import Glyphs
from .columns import GAP, INDENT, Choice, Column, Sized, chosen, drawn, line_width, needed, widened
from .markdown import MarkdownScreen
from .screen import JOINT, REFERENCE, Screen, as_text
from .standard_output import print_out
from .wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence


_UNBOUNDED = 100_000
IN_JSON = "--json has all"


def show(render: Callable[[Screen], None], *, markdown: bool = False, elsewhere: str = IN_JSON) -> None:
    """Let `render` write to standard output: in colour on a terminal that allows it, plain into pipes and files.

    Args:
        render: a view.
        markdown: whether to print Markdown in place of text.
        elsewhere: where all of it is, behind what has no room.

    Raises:
        OutputError: Standard output cannot be written.
    """
    if markdown:
        screen = MarkdownScreen(Glyphs.of(sys.stdout.encoding), elsewhere)
        render(screen)
        print_out(screen.text())
        return
    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False, soft_wrap=False)
    with console.capture() as captured:
        render(TerminalScreen(console, elsewhere))
    print_out("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


class TerminalScreen(Screen):
    """A console of rich, which knows width, colours and encoding. It breaks no lines: that is done here.

    On a terminal nothing is wider than it is; into a pipe or file tables are as wide as they need.
    """

    def __init__(self, console: Console, elsewhere: str = IN_JSON) -> None:
        self._console = console
        self.width = console.width
        self.glyphs = Glyphs.of(console.encoding)
        self.elsewhere = elsewhere

    def headline(self, title: str) -> None:
        self._print_all(wrapped(as_text(title, "bold"), self.width, fold=False))

    def heading(self, text: str | Text) -> None:
        self.line(text, "bold", fold=False)

    def line(self, text: str | Text, style: str = "", *, hang: int = 0, fold: bool = True) -> None:
        whole = as_text(text, style)
        if not hang:
            self._print_all(wrapped(whole, self.width, fold=fold))
            return
        head, rest = whole[:hang], whole[hang:]
        lines = wrapped(rest, self.width - hang, fold=fold)
        self._print_all((Text.assemble(head if n == 0 else " " * hang, line) for n, line in enumerate(lines)))

    def whole(self, *lines: str, style: str = "") -> None:
        self._print_all([as_text(line, style) for line in lines])

    def fact(self, label: str | Text, text: str | Text, style: str = "", *, width: int = REFERENCE) -> None:
        head = as_text(label, "" if isinstance(label, Text) else "bold")
        width = max(width, cell_len(head.plain))  # a longer label pushes its own text aside, and is not glued to it
        for line in wrapped(as_text(text, style), max(self.width - width - 1, 1)):
            self._print(Text.assemble(head, " " * (width + 1 - cell_len(head.plain)), line))
            head = Text()

    def blank(self) -> None:
        self._print(Text())

    def table(
        self,
        columns: Sequence[Column],
        title: str | Text | None = None,
        *,
        gaps: Collection[int] = (),
        folds: bool = False,
    ) -> None:
        if title is not None:
            self.heading(title)
        sized = [Sized.of(column, self.glyphs) for column in columns]
        if folds and self._console.is_terminal:
            self._print_folded(sized, gaps)
            return
        choice = self._choice(sized)
        if choice.key is None:
            self._print_rows(self._laid_out(choice.shown, self.width), gaps)
        else:
            self._print_below(choice.key, self._laid_out(choice.shown, self.width - INDENT), gaps)
        if choice.left:
            named = ", ".join(each.column.spoken for each in choice.left)
            self.line(f"not shown at {self.width} columns: {named} {self.glyphs.dot} {self.elsewhere}", "dim")

    def _print_folded(self, columns: Sequence[Sized], gaps: Collection[int]) -> None:
        """Tables one below the other, each with the first column and as many of the others as fit."""
        first, *rest = columns
        room = self.width - first.width - GAP
        rest = [_with_broken_title(each, room) if each.width > room else each for each in rest]
        while rest:
            n = 1
            while n < len(rest) and needed([first, *rest[: n + 1]]) <= self.width:
                n += 1
            self._print_rows([first, *rest[:n]], gaps)
            rest = rest[n:]
            if rest:
                self.blank()

    def _choice(self, columns: list[Sized]) -> Choice:
        if self._console.is_terminal:
            return chosen(columns, self.width)
        curves = [each for each in columns if each.only_drawn]
        narrow = needed(columns) > self.width
        left = curves if narrow else []
        return Choice(None, [each for each in columns if each not in left], left)

    def _laid_out(self, columns: Sequence[Sized], width: int) -> list[Sized]:
        room = width if self._console.is_terminal else _UNBOUNDED
        return drawn(widened(columns, room), width)

    def _print_rows(self, columns: Sequence[Sized], gaps: Collection[int], indent: int = 0) -> None:
        self._print_all(_heads(columns, indent))
        for number, row in enumerate(zip(*(each.texts for each in columns), strict=True)):
            if number in gaps:
                self.blank()
            self._print_all(_row_lines(columns, row, indent))

    def _print_below(self, key: Sized, columns: Sequence[Sized], gaps: Collection[int]) -> None:
        self._print(Text(key.column.title, "bold"))
        self._print_all(_heads(columns, INDENT))
        for number, (name, *row) in enumerate(zip(key.texts, *(each.texts for each in columns), strict=True)):
            if number in gaps:
                self.blank()
            self._print_all(wrapped(name, self.width))
            self._print_all(_row_lines(columns, row, INDENT))

    def _print_all(self, lines: Iterator[Text] | Sequence[Text]) -> None:
        for line in lines:
            self._print(line)

    def _print(self, line: Text) -> None:
        line.rstrip()
        line.plain = line.plain.replace(JOINT, " ")
        self._console.print(line, soft_wrap=True)


def _with_broken_title(sized: Sized, width: int) -> Sized:
    """A column whose title, from a file, is wider than there is room for."""
    title = "\n".join(line.plain for line in wrapped(Text(sized.column.title), max(width, 1)))
    broken = Column(title, sized.texts, sized.column.kind, name=sized.column.spoken)
    return Sized(broken, sized.texts, max(line_width(title), *(line_width(text.plain) for text in sized.texts)))


def _heads(columns: Sequence[Sized], indent: int) -> Iterator[Text]:
    titles = [each.column.title.split("\n") for each in columns]
    height = max(map(len, titles))
    if not any(any(title) for title in titles):
        return
    for level in range(height):
        row = [Text([*[""] * (height - len(title)), *title][level], "bold") for title in titles]
        yield _side_by_side(columns, row, indent)


def _row_lines(columns: Sequence[Sized], row: Sequence[Text], indent: int) -> Iterator[Text]:
    """The lines of a row: several where prose needs them."""
    cells = [
        wrapped(text, each.width) if each.column.kind == "prose" else [text]
        for each, text in zip(columns, row, strict=True)
    ]
    for line in zip_longest(*cells, fillvalue=Text()):
        yield _side_by_side(columns, line, indent)


def _side_by_side(columns: Sequence[Sized], texts: Sequence[Text], indent: int) -> Text:
    line = Text(" " * indent)
    for number, (each, text) in enumerate(zip(columns, texts, strict=True)):
        space = Text(" " * max(0, each.width - cell_len(text.plain)))
        aligned = [space, text] if each.column.kind == "number" and each.column.cells else [text, space]
        line = Text.assemble(line, " " * GAP if number else "", *aligned)
    return line
