"""A table as reports hand it out: columns of plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
