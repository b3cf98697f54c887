"""Tables as CSV: RFC 4180, UTF-8, safe to open in a spreadsheet.

A name in a hostile file could be a formula (`=HYPERLINK(…)`), which a spreadsheet would run when the table is opened.
So text that begins with `=`, `+`, `-` or `@`, or has one of them right after a character that some program takes for
the end of a cell, gets an apostrophe before it. Numbers are not text: −1 stays −1. Invisible characters are written
as escapes. Parquet keeps names as they are.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from ...text.escape import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # the last four are full-width forms of the others
_FORMULA = re.compile(rf"(^|[,;|\"])(\s*)(?=[{_SIGNS}])")


def csv_text(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    r"""The text of a table: a header, then one record per row, lines ending in CR LF.

    Floats are written with as many digits as it takes to read the same float again; an empty cell is a value that is
    undefined or does not apply; the numbers of a shape or an index are separated by spaces.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(name) for name in names])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else repr(value)


def harmless(text: str) -> str:
    """Text of a cell that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("blk.0.attn_q.weight"), harmless("a;@b")
    ("'=1+1", 'blk.0.attn_q.weight', "a;'@b")
    """
    return _FORMULA.sub(r"\1\2'", escape(text))
