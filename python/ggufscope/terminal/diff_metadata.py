"""The keys of the metadata that differ, with what they say on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..report.content.diff_words import labels
from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import counted
from .screen import MOST_ROWS, safe

if TYPE_CHECKING:
    from ..diffs.diff_document import DiffDocument
    from ..diffs.records import MetadataChange
    from ..text.glyphs import Glyphs
    from .screen import Screen

_LABEL = len("  reference ")


def render_metadata(screen: Screen, document: DiffDocument) -> None:
    """Every key that differs, and its value in the reference and in the model."""
    glyphs = screen.glyphs
    for name, model in zip(labels(document), document.models, strict=True):
        screen.blank()
        of = f" of {glyphs.cut(name, LONGEST_TEXT)}" if len(document.models) > 1 else ""
        n = len(model.metadata)
        differ = f"{counted(n, 'key')} differ{'s' if n == 1 else ''}" if n else "no key differs"
        screen.heading(f"metadata{of}: {differ}")
        shown = model.metadata[:MOST_ROWS]
        for change in shown:
            _render_change(screen, change, glyphs)
        screen.tell_rest(len(model.metadata) - len(shown), "key", "the JSON has them")


def _render_change(screen: Screen, change: MetadataChange, glyphs: Glyphs) -> None:
    changed = f" ({change.n_changed} elements differ)" if change.n_changed is not None else ""
    screen.line(f"{glyphs.cut(change.key, LONGEST_TEXT)}{changed}")
    for side, value in (("reference", change.reference), ("model", change.model)):
        text = safe(value) if value is not None else safe("not there", "dim")
        screen.fact(safe(f"  {side}", "dim"), text, width=_LABEL)
