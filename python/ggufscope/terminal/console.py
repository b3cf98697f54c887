"""The terminal as rich sees it: tables, headlines, and text from files that stays text."""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..text.escape import escape
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import bytes_text, counted
from ..text.phrases import SYNTHETIC_LINE
from .standard_output import print_out

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


def print_headline(
    console: Console,
    glyphs: Glyphs,
    *,
    title: str,
    architecture: str | None,
    file_type: str | None,
    n_parameters: int,
    n_bytes: int,
    bits_per_weight: float | None,
    synthetic: bool,
    n_layers: int | None = None,
) -> None:
    """Name, kind and size of a model in two lines, and a warning where its weights are made up."""
    parts = [
        glyphs.cut(architecture or "no architecture", LONGEST_TEXT),
        *([file_type] if file_type else []),
        counted(n_parameters, "parameter"),
        *([f"{bits_per_weight:.2f} bits per weight"] if bits_per_weight is not None else []),
        bytes_text(n_bytes),
        *([counted(n_layers, "layer")] if n_layers is not None else []),
    ]
    console.print(Text(glyphs.cut(title, LONGEST_TEXT), "bold"), soft_wrap=True)  # a path stays whole, to be copied
    console.print(Text(f" {glyphs.dot} ".join(parts)))
    if synthetic:
        console.print(Text(SYNTHETIC_LINE, "bold yellow"))


def plain_table(*columns: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """A table with few lines; the columns named in `right` are numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=column in right)
    return table


def safe(text: object, style: str = "") -> Text:
    """Text from a file for rich: escaped, and never read as markup."""
    return Text(escape(text), style=style)
