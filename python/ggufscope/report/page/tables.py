"""Tables as a page shows them: rounded for reading, sorted by the exact value, downloadable as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...arrays.fields import kinds
from ...text.numbers import bytes_text, percent, short
from ..tables.csv_text import csv_text
from ..tables.registry import TABLES
from .labels import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...saving.tables import DataColumn, DataTable
    from ..content.chart import Chart

NOTHING = "–"
MOST_ROWS = 2_000  # shown; a browser lays out more, but nobody reads them
LARGEST_CSV = 1_000_000  # characters carried along by the page
_UNQUOTED = ",.:;()[]+*=/|!$@-_~'"  # what may stand in the address of data as it is


@dataclass(frozen=True)
class ShownCell:
    """A cell: what is shown, and the number behind it; None for text and for what is undefined."""

    text: str
    value: float | None = None

    @property
    def key(self) -> str | None:
        """The number that the cell is sorted by, where that is another than the one shown."""
        key = None if self.value is None else f"{self.value:.9g}"
        return None if key == self.text else key


@dataclass(frozen=True)
class ShownHead:
    """The head of a column.

    Attributes:
        label: for readers.
        numeric: whether the column holds numbers.
        field: its name in files, where that is not the label.
        meaning: a line that defines it; "" where there is none.
    """

    label: str
    numeric: bool
    field: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class ShownTable:
    """A table on a page.

    Attributes:
        name: stem of its file.
        title: for readers.
        heads: of the columns.
        rows: cells of the rows; none where there are too many.
        n_rows: how many rows there are.
        csv: data address of the CSV; None where that is too large.
    """

    name: str
    title: str
    heads: list[ShownHead]
    rows: list[list[ShownCell]]
    n_rows: int
    csv: str | None


def chart_table(chart: Chart) -> ShownTable:
    """The numbers behind a chart."""
    found = chart.table
    labels = [f"{column.label} ({column.unit})" if column.unit else column.label for column in found.columns]
    names = [column.name for column in found.columns]
    numeric = [all(not isinstance(row[at], str) for row in found.rows) for at in range(len(names))]
    return ShownTable(
        chart.name,
        chart.title,
        [ShownHead(label, is_numeric) for label, is_numeric in zip(labels, numeric, strict=True)],
        [[_cell(value) for value in row] for row in found.rows] if len(found.rows) <= MOST_ROWS else [],
        len(found.rows),
        _csv_address(names, found.rows),
    )


def shown_table(table: DataTable) -> ShownTable:
    """A table of the report, with the columns that matter most."""
    kind = TABLES[table.name]
    found = {column.name: column for column in table.columns if _says_something(column)}
    columns = [found[name] for name in kind.shown.split() if name in found]
    rows = zip(*(_cells(column) for column in columns), strict=True) if table.n_rows <= MOST_ROWS else ()
    return ShownTable(
        table.name,
        kind.title,
        [
            ShownHead(label_of(column.name), column.kind in {"integer", "number"}, column.name, column.meaning)
            for column in columns
        ],
        [list(row) for row in rows],
        table.n_rows,
        _csv_address(table.names, table.rows()),
    )


def _says_something(column: DataColumn) -> bool:
    """Whether it has a value; a count of what should not be there, whether it has one beyond 0."""
    values = [value for value in column.values if value is not None]
    return any(values) if column.name in {"nan_count", "inf_count"} else bool(values)


def _cells(column: DataColumn) -> list[ShownCell]:
    if column.kind == "integers":
        return [ShownCell(NOTHING if value is None else " × ".join(map(str, value))) for value in column.values]
    if column.name == "n_bytes":
        return [ShownCell(NOTHING) if value is None else ShownCell(bytes_text(value), value) for value in column.values]
    if kinds().get(column.name) == "share":
        return [
            ShownCell(NOTHING) if value is None else ShownCell(f"{percent(value)} %", value) for value in column.values
        ]
    return [_cell(value) for value in column.values]


def _cell(value: Any) -> ShownCell:
    if value is None:
        return ShownCell(NOTHING)
    if isinstance(value, str):
        return ShownCell(value)
    return ShownCell(str(value) if isinstance(value, int) else short(value), value)


def _csv_address(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str | None:
    text = csv_text(names, rows)
    return f"data:text/csv;charset=utf-8,{quote(text, safe=_UNQUOTED)}" if len(text) <= LARGEST_CSV else None
