"""What views are written to: a terminal, a pipe, or Markdown for a pull request. A view does not know which."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rich.text import Text

from ..text.escape import escape
from ..text.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..text.glyphs import Glyphs
    from .columns import Column

MOST_ROWS = 2000  # of a table: more than any model has tensors; each takes part of a millisecond to lay out
JOINT = "\N{NO-BREAK SPACE}"
REFERENCE = len("reference")


class Screen(ABC):
    """Where a view goes. Texts that are no `Text` may come from files: they are escaped, and never read as markup.

    Attributes:
        width: cells of a line, for what is drawn.
        glyphs: the characters there are.
        elsewhere: where all of what is shown can be found, behind what is left out.
    """

    width: int
    glyphs: Glyphs
    elsewhere: str

    @abstractmethod
    def headline(self, title: str) -> None:
        """Print what a view is about; a path in it is not broken, so that it can be copied."""

    @abstractmethod
    def heading(self, text: str | Text) -> None:
        """Print the title of a part."""

    @abstractmethod
    def line(self, text: str | Text, style: str = "", *, hang: int = 0, fold: bool = True) -> None:
        """Print a line or a paragraph, whose second and later lines are indented by `hang`.

        Words that are wider than a line are folded, or else, as paths that are to be copied, left to the terminal.
        """

    @abstractmethod
    def whole(self, *lines: str, style: str = "") -> None:
        """Print a path, or the lines of a command, unbroken, so that they can be copied."""

    @abstractmethod
    def fact(self, label: str | Text, text: str | Text, style: str = "", *, width: int = REFERENCE) -> None:
        """Print a label and a text that may take several lines beside it.

        Args:
            label: in front; an empty one goes on with the fact before.
            text: beside it.
            style: of the text.
            width: of the longest label of the view; by default of those of models beside a reference.
        """

    @abstractmethod
    def table(
        self,
        columns: Sequence[Column],
        title: str | Text | None = None,
        *,
        gaps: Collection[int] = (),
        folds: bool = False,
    ) -> None:
        """Print the columns, of which some leave where there is no room, and which did.

        Args:
            columns: from the left.
            title: above.
            gaps: positions of rows above which a line is left empty.
            folds: whether columns without room stand in tables below, each with the first column, and none leaves.
        """

    @abstractmethod
    def blank(self) -> None:
        """Leave a line empty."""

    def tell_rest(self, n: int, noun: str, where: str | None = None) -> None:
        """Say how many rows a table leaves out, and where they are; nothing where it is complete."""
        if n > 0:
            self.line(f"and {counted(n, noun)} more: {where or self.elsewhere}")


def most_rows(top: int | None) -> int:
    """How many rows of a table are shown: those asked for, if a number of them was."""
    return MOST_ROWS if top is None else top


def unbroken(text: str) -> str:
    """Words, with a joint between them at which no line ends; it is printed as a space."""
    return text.replace(" ", JOINT)


def safe(text: object, style: str = "") -> Text:
    """Text from a file: escaped, and never read as markup."""
    return Text(escape(text), style=style)


def as_text(text: str | Text, style: str = "") -> Text:
    """Either kind of text as one that is safe to print."""
    if isinstance(text, str):
        return safe(text, style)
    text = text.copy()
    if style:
        text.stylize_before(style)
    return text
