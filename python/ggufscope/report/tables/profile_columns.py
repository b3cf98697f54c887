"""The rows of a profile in columns: what tells a row, and the statistics of the core's registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...arrays.fields import QUANTILE_PERCENTS, VECTOR_SUMMARIES, registry
from ...profiles.rows import flat
from ...saving.tables import DataColumn, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..._core import FieldInfo
    from ...profiles.rows import Row

_PLACES: dict[str, tuple[Kind, str]] = {
    "name": ("text", "of the tensor"),
    "role": ("text", "what it is in its layer; empty for names nobody knows"),
    "layer": ("integer", ""),
    "stack": ("text", "empty for the main stack of layers"),
    "expert": ("integer", "of a tensor that holds a single one"),
    "head": ("integer", ""),
    "type": ("text", "of ggml"),
    "shape": ("integers", "rows × columns"),
    "factor_min": ("number", "least factor beside the matrix, which its weights were multiplied by"),
    "factor_max": ("number", "largest of them"),
    "n_tensors": ("integer", "merged in the row"),
    "n_bytes": ("integer", "as stored"),
}
_ROW_KINDS: dict[str, Kind] = {"count": "integer", "index": "integers"}


def tensor_columns(tensors: Iterable[Row]) -> list[DataColumn]:
    """The columns of tensors, a row for each."""
    rows = [flat(row) for row in tensors]
    places = ("name", "role", "layer", "stack", "expert", "type", "shape", "n_bytes")  # as earlier releases begin
    return place_columns((*places, "factor_min", "factor_max"), rows) + statistic_columns(rows, lambda field: True)


def place_columns(names: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> list[DataColumn]:
    """Columns of what tells a row, of these names."""
    return [DataColumn(name, *_PLACES[name], [row.get(name) for row in rows]) for name in names]


def statistic_columns(rows: Sequence[Mapping[str, Any]], wanted: Callable[[FieldInfo], bool]) -> list[DataColumn]:
    """The columns of the statistics that are wanted, in the order of the core's registry."""
    columns = [column for field in registry() if wanted(field) for column in _columns_of(field)]
    return [DataColumn(name, kind, meaning, [row.get(name) for row in rows]) for name, kind, meaning in columns]


def _columns_of(field: FieldInfo) -> list[tuple[str, Kind, str]]:
    """Name, kind and meaning of the columns of a statistic; a histogram fits no cell."""
    name, meaning = field["name"], field["meaning"]
    match field["kind"]:
        case "histogram":
            return []
        case "quantiles":
            return [(f"quantile_{percent}", "number", f"{percent} % quantile") for percent in QUANTILE_PERCENTS]
        case "vector":
            return [(f"{name}_{what}", "number", f"{what} of: {meaning}") for what in VECTOR_SUMMARIES]
        case kind:
            return [(name, _ROW_KINDS.get(kind, "number"), meaning)]
