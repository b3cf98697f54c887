"""The choice of a table's rows and columns, by the same options in every command that prints one.

A row is a mapping with at least `name`, `layer` and `role`; any other key is a column that can be sorted by and shown.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from ..arrays.fields import kinds
from ..text.choices import natural_key, offered
from .layer_order import in_layer_order

Row = TypeVar("Row", bound=Mapping[str, Any])

# Numbers that say where something is; of all others people look for the largest.
_PLACES = frozenset({"layer", "expert", "offset"})


@dataclass(frozen=True)
class Selection:
    """The options of one command line, checked.

    Attributes:
        tensors: globs over names; any may match. Empty: all.
        layers: (first, last) ranges, last None for open ones; None: all, those outside layers too.
        roles: globs over roles; any may match. Empty: all.
        sort: column to sort by, None for the order of the file, layers by their numbers.
        descending: None for the natural order of the column: numbers from the largest, names from A, layers from 0.
        top: number of rows, None for all.
        columns: columns to show, None for the table's own choice.
    """

    tensors: tuple[str, ...] = ()
    layers: tuple[tuple[int, int | None], ...] | None = None
    roles: tuple[str, ...] = ()
    sort: str | None = None
    descending: bool | None = None
    top: int | None = None
    columns: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls,
        *,
        tensors: Sequence[str] | None = None,
        layers: str | None = None,
        role: Sequence[str] | None = None,
        sort: str | None = None,
        top: int | None = None,
        columns: str | None = None,
    ) -> "Selection":
        """Check the options of a command line.

        Raises:
            ValueError: Layers that are no list of numbers, `top` below 1, an empty list of columns.
        """
        if top is not None and top < 1:
            raise ValueError(f"--top must be at least 1, not {top}")
        column, colon, order = (sort or "").partition(":")
        if (sort is not None and not column) or order not in ({"asc", "desc"} if colon else {""}):
            raise ValueError(f"--sort takes COLUMN, COLUMN:asc or COLUMN:desc, not {sort!r}")
        return cls(
            tensors=tuple(tensors or ()),
            layers=None if layers is None else _parse_layers(layers),
            roles=tuple(role or ()),
            sort=column or None,
            descending=None if not order else order == "desc",
            top=top,
            columns=None if columns is None else _parse_columns(columns),
        )

    @property
    def filters(self) -> bool:
        """Whether any rows are left out, or the order is not that of the file."""
        return bool(self.tensors or self.layers is not None or self.roles or self.sort or self.top)

    @property
    def any(self) -> bool:
        """Whether anything was asked for: rows, their order, or columns."""
        return self.filters or self.columns is not None

    @property
    def narrows(self) -> bool:
        """Whether it names tensors, layers or roles, so that the others need not be looked at."""
        return bool(self.tensors or self.layers is not None or self.roles)

    def matches(self, name: str, layer: int | None, role: str | None) -> bool:
        """Whether a tensor is among those asked for."""
        return (
            (not self.tensors or any(is_called(name, glob) for glob in self.tensors))
            and (not self.roles or any(is_called(role or "", glob) for glob in self.roles))
            and (self.layers is None or (layer is not None and self._has_layer(layer)))
        )

    def _has_layer(self, layer: int) -> bool:
        return any(first <= layer and (last is None or layer <= last) for first, last in self.layers or ())

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """The rows asked for, in the order asked for.

        Raises:
            ValueError: No such column to sort by.
        """
        kept = [row for row in in_layer_order(rows) if self.matches(row["name"], row["layer"], row["role"])]
        if self.sort is not None and kept:
            kept = self._sorted(kept, self.sort)
        return kept[: self.top]

    def _sorted(self, rows: list[Row], column: str) -> list[Row]:
        """Sorted and stable; by a statistic, matrices come first; rows without a value are last in either direction."""
        _check_columns([column], list(dict.fromkeys(key for row in rows for key in row)))
        present = [row for row in rows if row.get(column) is not None]
        text = any(isinstance(row[column], str) for row in present)
        descending = not (text or column in _PLACES) if self.descending is None else self.descending
        ordered = sorted(
            present, key=lambda row: natural_key(str(row[column])) if text else row[column], reverse=descending
        )
        if kinds().get(column) in {"number", "share"}:  # gains would stand before any matrix
            ordered.sort(key=lambda row: row.get("kind") != "matrix")
        return ordered + [row for row in rows if row.get(column) is None]

    def shown_columns(self, available: Iterable[str], default: Sequence[str]) -> list[str]:
        """The columns to show.

        Raises:
            ValueError: A column that the table does not have, to show or to sort by.
        """
        _check_columns((*(self.columns or ()), *filter(None, [self.sort])), list(available))
        return list(default if self.columns is None else self.columns)

    def to_json(self) -> dict[str, Any]:
        """What was asked for, by the names of the options; what was not is left out."""
        order = {None: "", True: ":desc", False: ":asc"}[self.descending]
        asked = {
            "tensors": list(self.tensors),
            "layers": None if self.layers is None else ",".join(map(_range_text, self.layers)),
            "role": list(self.roles),
            "sort": None if self.sort is None else f"{self.sort}{order}",
            "top": self.top,
            "columns": None if self.columns is None else list(self.columns),
        }
        return {name: value for name, value in asked.items() if value not in (None, [])}


def is_called(name: str, glob: str) -> bool:
    """Whether a glob matches a name, or is that name: brackets in a name are none of a glob."""
    return name == glob or fnmatchcase(name, glob)


def _check_columns(asked: Sequence[str], available: Sequence[str]) -> None:
    for column in asked:
        if column not in available:
            raise ValueError(f"no column {column!r}; there are {offered(column, available)}")


def _range_text(layers: tuple[int, int | None]) -> str:
    first, last = layers
    return f"{first}-" if last is None else f"{first}" if last == first else f"{first}-{last}"


def _parse_columns(text: str) -> tuple[str, ...]:
    columns = tuple(part.strip() for part in text.split(",") if part.strip())
    if not columns:
        raise ValueError("--columns needs at least one column")
    return columns


def _parse_layers(text: str) -> tuple[tuple[int, int | None], ...]:
    """((0, 3), (8, 8), (30, None)) of "0-3,8,30-"."""
    ranges: list[tuple[int, int | None]] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,9})\s*(-)?\s*([0-9]{1,9})?\s*", part)
        if match is None or (match[3] and not match[2]) or (match[3] and int(match[3]) < int(match[1])):
            raise ValueError(f"--layers takes numbers and ranges as 0-3,8,30-, not {text!r}")
        first = int(match[1])
        ranges.append((first, int(match[3]) if match[3] else None if match[2] else first))
    return tuple(ranges)
