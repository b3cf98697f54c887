"""Statistics of attention heads: one table per role, layers × heads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.equality import equal
from ..arrays.fields import kinds, registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from .._core import Statistics

MOST_PLACES = 1 << 20  # layers × heads of a table; a file may have one layer of many heads and many layers of few
SAVED_DIGITS = 12  # significant digits of a number in a saved table; enough for a float32, and for 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class HeadTable:
    """The heads of one role. Tables compare by value, NaN equal to NaN, and so cannot be hashed.

    The fields are attributes too: `profile.heads["attn_q"].l2_norm[layer, head]`.

    Attributes:
        role: `"attn_q"`, `"attn_k"`, `"attn_v"` (groups of rows) or `"attn_output"` (groups of columns; L2 alone).
        layers: the layer of each row of the tables.
        n_heads: how many heads each of those layers has.
        fields: name → float64 array (layers, largest number of heads), NaN where undefined or no such head.
    """

    role: str
    layers: list[int]
    n_heads: list[int]
    fields: dict[str, npt.NDArray[np.float64]]

    def __getattr__(self, name: str) -> npt.NDArray[np.float64]:
        fields: dict[str, npt.NDArray[np.float64]] = self.__dict__.get("fields", {})
        if name in fields:
            return fields[name]
        raise AttributeError(f"no statistic {name!r} of heads here")

    def __eq__(self, other: object) -> bool:
        return equal(self.__dict__, other.__dict__) if isinstance(other, HeadTable) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<HeadTable of {self.role}: {len(self.layers)} layers × {max(self.n_heads, default=0)} heads>"

    @classmethod
    def of(cls, role: str, layers: Mapping[int, Sequence[Mapping[str, float | None]]]) -> HeadTable:
        """The table of a role from the fields of each head of each layer."""
        order = sorted(layers)
        n_heads = [len(layers[layer]) for layer in order]
        names = dict.fromkeys(name for layer in order for head in layers[layer] for name in head)
        rows = {name: [[head.get(name) for head in layers[layer]] for layer in order] for name in names}
        return cls(role, order, n_heads, {name: _padded(lists) for name, lists in rows.items()})

    def to_json(self) -> dict[str, Any]:
        """The table as it stands in a saved profile: per field one list per layer, one number per head."""
        fields = {
            name: [
                [_number(x, kinds().get(name) == "count") for x in row[:n]]
                for row, n in zip(table, self.n_heads, strict=True)
            ]
            for name, table in self.fields.items()
        }
        return {"role": self.role, "layers": self.layers, "fields": fields}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> HeadTable:
        """The table of a validated part of a saved profile."""
        n_heads = [len(row) for row in next(iter(saved["fields"].values()), [])]
        return cls(saved["role"], saved["layers"], n_heads, {n: _padded(rows) for n, rows in saved["fields"].items()})


def head_fields(statistics: Statistics) -> dict[str, float | None]:
    """The fields that are kept for every head."""
    fields = statistics.fields()
    return {name: fields[name] for name in _names_per_head() if name in fields}


@cache
def _names_per_head() -> tuple[str, ...]:
    return tuple(field["name"] for field in registry() if field["per_head"] and field["roll_up"])


def column_norms(column_l2: npt.NDArray[np.float64], n_heads: int) -> list[dict[str, float | None]]:
    """The L2 norm of each head's columns of attn_output; empty where the columns do not divide into heads."""
    if n_heads == 0 or len(column_l2) == 0 or len(column_l2) % n_heads != 0:
        return []
    squares = np.square(column_l2).reshape(n_heads, -1).sum(axis=1)
    return [{"l2_norm": float(norm)} for norm in np.sqrt(squares)]


def _padded(rows: Sequence[Sequence[float | None]]) -> npt.NDArray[np.float64]:
    out = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
    for line, row in zip(out, rows, strict=True):
        line[: len(row)] = [np.nan if value is None else value for value in row]
    return out


def _number(value: float, count: bool) -> float | int | None:
    if np.isnan(value):
        return None
    return int(value) if count else float(f"{value:.{SAVED_DIGITS}g}")
