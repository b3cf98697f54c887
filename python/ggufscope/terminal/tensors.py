"""The table of a profile's tensors for the terminal, with the columns asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..arrays.fields import kinds
from ..text.numbers import aligned, bytes_text, percent
from .columns import Column, Drawing, by_importance, leaving
from .screen import most_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..text.glyphs import Glyphs
    from .screen import Screen

DEFAULT_COLUMNS = ("name", "type", "shape", "rms", "kurtosis", "sparsity")
_BY_IMPORTANCE = ("name", "rms", "type", "kurtosis", "sparsity", "shape")
FACTORS = ("factor_min", "factor_max")  # shown as well where a matrix has factors beside it


def render_tensors(
    screen: Screen,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    selected: bool,
    top: int | None = None,
) -> None:
    """A table of tensors; statistics of matrices get bars where there is room, of vectors where there are no others."""
    n, rows = len(rows), rows[: most_rows(top)]
    table = [_column(column, rows, screen.glyphs) for column in columns]
    usual = set(columns) <= set(_BY_IMPORTANCE)
    table = by_importance(table, _BY_IMPORTANCE) if usual else leaving(table)
    screen.table(table, f"tensors: {n} selected" if selected else "tensors")
    screen.tell_rest(n - len(rows), "tensor", "--top N shows N of them, and the JSON has all")


def _column(column: str, rows: Sequence[Mapping[str, Any]], glyphs: Glyphs) -> Column:
    texts = _texts(column, [row.get(column) for row in rows], glyphs)
    kind = "name" if column == "name" else "number" if _is_numeric(rows, column) else "text"
    if kinds().get(column) not in {"number", "share"}:
        return Column(column, texts, kind)
    values = _drawn(column, rows)
    return Column(column, texts, kind, drawing=Drawing(lambda width: _bars(values, width, glyphs)))


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
