"""The keys of the metadata that differ, with what they say on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..report.content.diff_words import labels
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import counted
from .console import MOST_ROWS, safe, tell_rest

if TYPE_CHECKING:
    from rich.console import Console

    from ..diffs.diff_document import DiffDocument
    from ..diffs.records import MetadataChange


def render_metadata(console: Console, document: DiffDocument) -> None:
    """Every key that differs, and its value in the reference and in the model."""
    glyphs = Glyphs.of(console.encoding)
    for name, model in zip(labels(document), document.models, strict=True):
        console.print()
        of = f" of {glyphs.cut(name, LONGEST_TEXT)}" if len(document.models) > 1 else ""
        n = len(model.metadata)
        differ = f"{counted(n, 'key')} differ{'s' if n == 1 else ''}" if n else "no key differs"
        console.print(Text(f"metadata{of}: {differ}", "bold"))
        shown = model.metadata[:MOST_ROWS]
        for change in shown:
            _render_change(console, change, glyphs)
        tell_rest(console, len(model.metadata) - len(shown), "key", "the JSON has them")


def _render_change(console: Console, change: MetadataChange, glyphs: Glyphs) -> None:
    changed = f" ({change.n_changed} elements differ)" if change.n_changed is not None else ""
    console.print(Text(f"{glyphs.cut(change.key, LONGEST_TEXT)}{changed}"))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for side, value in (("reference", change.reference), ("model", change.model)):
        table.add_row(Text(f"  {side}", "dim"), safe(value) if value is not None else Text("not there", "dim"))
    console.print(table)
