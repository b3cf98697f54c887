"""The terminal as rich sees it: tables, and text from files that stays text."""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..text.escape import escape
from ..text.numbers import counted
from .standard_output import print_out

MOST_ROWS = 2000  # of a table: more than any model has tensors; each takes part of a millisecond to lay out

_UNBOUNDED = 100_000


def show(render: Callable[[Console], None]) -> None:
    """Let `render` write to standard output: in colour on a terminal that allows it, plain into pipes and files.

    Raises:
        OutputError: Standard output cannot be written.
    """
    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False, soft_wrap=False)
    with console.capture() as captured:
        render(console)
    print_out("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


def print_table(console: Console, table: Table) -> None:
    """Print within the terminal; into a pipe or file as wide as it needs, so that no name is cut."""
    width = console.width
    if not console.is_terminal:
        unbounded = console.options.update(max_width=_UNBOUNDED)
        console.width = max(width, Measurement.get(console, unbounded, table).maximum)
    console.print(table)
    console.width = width


def most_rows(top: int | None) -> int:
    """How many rows of a table are shown: those asked for, if a number of them was."""
    return MOST_ROWS if top is None else top


def tell_rest(console: Console, n: int, noun: str, where: str) -> None:
    """Say how many rows a table leaves out, and where they are; nothing where it is complete."""
    if n > 0:
        console.print(Text(f"and {counted(n, noun)} more: {where}"), soft_wrap=True)


def plain_table(*columns: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """A table with few lines; the columns named in `right` are numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=column in right)
    return table


def safe(text: object, style: str = "") -> Text:
    """Text from a file for rich: escaped, and never read as markup."""
    return Text(escape(text), style=style)
