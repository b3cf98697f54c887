"""A table as reports hand it out: columns of plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal["text", "integer", "number", "integers"]


@dataclass(frozen=True)
class DataColumn:
    """A column of a table.

    Attributes:
        name: as in the JSON.
        kind: of its values: str, int, float or a sequence of int (a shape, an index); each may be None.
        meaning: one line; empty where the name says it.
        values: one per row.
    """

    name: str
    kind: Kind
    meaning: str
    values: Sequence[Any]


ColumnAbout = tuple[str, Kind, str]  # name, kind and meaning


def columns_of(about: Iterable[ColumnAbout], rows: Sequence[Mapping[str, Any]]) -> list[DataColumn]:
    """Columns from rows; None where a row has no such field."""
    return [DataColumn(name, kind, meaning, [row.get(name) for row in rows]) for name, kind, meaning in about]


@dataclass(frozen=True)
class DataTable:
    """A table of a report.

    Attributes:
        name: stem of its files.
        columns: all as long as each other.
    """

    name: str
    columns: list[DataColumn]

    @property
    def n_rows(self) -> int:
        return len(self.columns[0].values) if self.columns else 0

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def rows(self) -> Iterable[tuple[Any, ...]]:
        return zip(*(column.values for column in self.columns), strict=True)
