"""A table of a result: named columns of plain values, for CSV and Parquet, for arrays and for data frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal["text", "integer", "number", "integers", "flag", "texts"]


@dataclass(frozen=True)
class DataColumn:
    """A column of a table.

    Attributes:
        name: as in the JSON.
        kind: of its values: str, int, float, a sequence of int (a shape, an index), bool or a sequence of str; each may
            be None. Tables that are saved have the first four.
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
    """A table of a result.

    Attributes:
        name: stem of its files.
        columns: all as long as each other.
    """

    name: str
    columns: list[DataColumn]

    @property
    def n_rows(self) -> int:
        """Rows of every column."""
        return len(self.columns[0].values) if self.columns else 0

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """The values row by row."""
        return zip(*(column.values for column in self.columns), strict=True)
