"""Words as Markdown: the only place where texts from files are escaped for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.escape import escape_markdown
from ..content.words import FileLink, Link, Own, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..content.words import Piece, Words


def markdown(words: Words) -> str:
    """A text in one line; what comes from a file is escaped for terminals, Markdown and HTML alike."""
    return "".join(map(_piece, pieces(words)))


def _piece(piece: Piece) -> str:
    if isinstance(piece, FileLink):
        return f"[{escape_markdown(piece.label)}]({piece.file})"
    if isinstance(piece, Link):
        return f"*{escape_markdown(piece.label)}*"
    return str(piece) if isinstance(piece, Own) else escape_markdown(piece)


def cell(words: Words) -> str:
    """A text in a table: the bars of our own words are escaped, too."""
    return "".join(piece.replace("|", "\\|") if isinstance(piece, Own) else _piece(piece) for piece in pieces(words))


def table(header: Sequence[Words], rows: Iterable[Sequence[Words]]) -> str:
    """A table, one line for each row."""
    lines = [f"| {' | '.join(map(cell, header))} |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *(f"| {' | '.join(map(cell, row))} |" for row in rows)])
