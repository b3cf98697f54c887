"""A fact of a view: a label, and a text that may take several lines beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from .console import safe

if TYPE_CHECKING:
    from rich.console import Console

REFERENCE = len("reference")


def render_fact(console: Console, label: str, text: str, style: str = "", *, width: int = REFERENCE) -> None:
    """Print a fact; the text is escaped.

    Args:
        console: to print to.
        label: in front.
        text: may come from a file.
        style: of the text.
        width: of the longest label of the view; by default of those of models beside a reference.
    """
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=width, no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(label, "bold"), safe(text, style))
    console.print(line)
