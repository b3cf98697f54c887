"""The table of a profile's tensors for the terminal, with the columns asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from ..arrays.fields import kinds
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import aligned, bytes_text, percent
from .console import most_rows, plain_table, print_table, tell_rest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

DEFAULT_COLUMNS = ("name", "type", "shape", "rms", "kurtosis", "sparsity")
FACTORS = ("factor_min", "factor_max")  # shown as well where a matrix has factors beside it

_LONGEST_BAR, _SHORTEST_BAR = 16, 3
_GAP = 2


def render_tensors(
    console: Console,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    selected: bool,
    top: int | None = None,
) -> None:
    """A table of tensors; statistics of matrices get bars where there is room, of vectors where there are no others."""
    n, rows = len(rows), rows[: most_rows(top)]
    glyphs = Glyphs.of(console.encoding)
    texts = {column: _texts(column, [row.get(column) for row in rows], glyphs) for column in columns}
    measured = [column for column in columns if kinds().get(column) in {"number", "share"}]
    used = sum(max([len(column), *map(len, texts[column])]) + _GAP for column in columns)
    width = min(_LONGEST_BAR, (console.width - used) // max(len(measured), 1) - 1)
    barred = measured if width >= _SHORTEST_BAR else []
    bars = {column: _bars(_drawn(column, rows), width, glyphs) for column in barred}
    table = plain_table(
        *columns,
        right=tuple(column for column in columns if _is_numeric(rows, column) and column not in bars),
        title=f"tensors: {n} selected" if selected else "tensors",
    )
    cells = [_cells(texts[column], bars.get(column), glyphs) for column in columns]
    for row in zip(*cells, strict=True):
        table.add_row(*row)
    print_table(console, table)
    tell_rest(console, n - len(rows), "tensor", "--top N shows N of them, and the JSON has all")


def _cells(texts: Sequence[str], bars: Sequence[str] | None, glyphs: Glyphs) -> list[Text]:
    if bars is None:
        return [Text(glyphs.cut(text, LONGEST_TEXT)) for text in texts]
    width = max(map(len, texts), default=0)
    return [Text.assemble(text.rjust(width), (f" {bar}", "cyan")) for text, bar in zip(texts, bars, strict=True)]


def _drawn(column: str, rows: Sequence[Mapping[str, Any]]) -> list[float | None]:
    """The values that get bars."""
    of_matrices = any(row.get("kind") == "matrix" for row in rows)
    return [row.get(column) if not of_matrices or row.get("kind") == "matrix" else None for row in rows]


def _bars(values: Sequence[float | None], width: int, glyphs: Glyphs) -> list[str]:
    largest = max((value for value in values if value is not None), default=0.0)
    return [glyphs.bar(value, largest, width) for value in values]


def _is_numeric(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    return any(isinstance(row.get(column), (int, float)) for row in rows)


def _texts(column: str, values: Sequence[Any], glyphs: Glyphs) -> list[str]:
    """The cells of a column."""
    if any(isinstance(value, float) for value in values) and kinds().get(column) != "share":
        return aligned(values, glyphs.nothing)
    return [glyphs.nothing if value is None else _text(column, value, glyphs) for value in values]


def _text(column: str, value: Any, glyphs: Glyphs) -> str:
    if column == "shape":
        return glyphs.shape(value)
    if column == "n_bytes":
        return bytes_text(value)
    return f"{percent(value)} %" if kinds().get(column) == "share" else str(value)
