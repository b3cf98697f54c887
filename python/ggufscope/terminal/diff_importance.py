"""What the weighted figures of a diff are weighted with, and what that says nothing of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import counted
from .headline import dotted

if TYPE_CHECKING:
    from ..diffs.diff_document import DiffDocument
    from .screen import Screen

_MOST_NAMED = 4


def render_importance_note(screen: Screen, document: DiffDocument) -> None:
    """One line, and more where matrices or experts have no importance; nothing of a diff without any."""
    note = document.importance
    if note is None:
        return
    glyphs = screen.glyphs
    facts = [f"weighted by {glyphs.cut(note.file, LONGEST_TEXT)}"]
    if note.n_chunks is not None:
        facts.append(counted(note.n_chunks, "chunk"))
    screen.blank()
    screen.line(dotted(facts, glyphs))
    if note.without:
        named = ", ".join(glyphs.cut(name, LONGEST_TEXT) for name in note.without[:_MOST_NAMED])
        more = len(note.without) - _MOST_NAMED
        screen.line(f"without importance: {named}{f' and {more} more' if more > 0 else ''}")
    for name, experts in list(note.experts_without_data.items())[:_MOST_NAMED]:
        text = f"{counted(len(experts), 'expert')} of {glyphs.cut(name, LONGEST_TEXT)} without data, and without weight"
        screen.line(text)
    more = len(note.experts_without_data) - _MOST_NAMED
    if more > 0:
        screen.line(f"and experts of {counted(more, 'tensor')} more: --json has them")
