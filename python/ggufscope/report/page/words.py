"""Words as HTML: the only place where texts of blocks are escaped for a page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ...text.escape import escape_html
from ..content.words import FileLink, Link, Own, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from ..content.words import Words

_MARKUP = re.compile(r"\*\*|`")
_ELEMENTS = {"**": "b", "`": "code"}
_GROUPED = re.compile(r"\d{1,3}(?: \d{3})+(?!\d)")  # a number in groups, which no line may end in


def words_html(words: Words) -> Markup:
    """A text as HTML; what comes from a file is escaped, invisible characters first."""
    from markupsafe import Markup  # noqa: PLC0415  an extra

    return Markup("".join(_elements(words)))  # noqa: S704  every piece is escaped


def _whole(text: str) -> str:
    """Escaped text, with the groups of each number kept on one line; cells of numbers break nowhere as it is."""
    return text if _GROUPED.fullmatch(text) else _GROUPED.sub(r'<span class="whole">\g<0></span>', text)


def _elements(words: Words) -> Iterator[str]:
    opened: set[str] = set()
    for piece in pieces(words):
        if isinstance(piece, Own):
            yield _own(piece, opened)
        elif isinstance(piece, FileLink):
            yield f'<a href="{escape_html(piece.file)}">{escape_html(piece.label)}</a>'
        elif isinstance(piece, Link):
            yield f'<a href="#{escape_html(piece.target)}">{escape_html(piece.label)}</a>'
        else:
            yield _whole(escape_html(piece))


def _own(text: Own, opened: set[str]) -> str:
    """Our own words; an element that they open around a text from a file is closed by a later piece."""

    def element(mark: re.Match[str]) -> str:
        name = _ELEMENTS[mark[0]]
        opened.symmetric_difference_update({name})
        return f"<{name}>" if name in opened else f"</{name}>"

    return _MARKUP.sub(element, _whole(html.escape(text)))
