"""The tables of tensors, layers and heads: columns of a profile, with what an analysis says of the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...profiles.rows import flat
from ...saving.tables import DataColumn
from .analysis_columns import head_columns, layer_columns
from .profile_columns import place_columns, statistic_columns, tensor_columns
from .spectra_columns import spectral_columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._core import FieldInfo
    from ...profiles.head_table import HeadTable
    from ...profiles.rows import Row
    from ..content.results import ReportData


def tensor_table(data: ReportData) -> list[DataColumn]:
    """A row for each tensor, in file order, with the main numbers of its spectrum where there are spectra."""
    tensors = data.profile.tensors if data.profile else {}
    return tensor_columns(tensors.values()) + spectral_columns_of(data, tensors)


def layer_table(data: ReportData) -> list[DataColumn]:
    """The layers of the profile; without one those of the analysis, which knows the main stack alone."""
    document = data.analysis.document if data.analysis else None
    layers = list(data.profile.layers.values()) if data.profile else []
    rows = [_flat_part(row, row.of_matrices) for row in layers]
    vectors = [_flat_part(row, row.vectors) for row in layers]
    if not rows and document is not None:
        rows = [{"layer": record.layer} for record in document.preset.layers]
    columns = place_columns(("layer", "stack"), rows)
    if data.profile is not None:
        columns += [
            *place_columns(("n_tensors", "n_bytes"), rows),
            *statistic_columns(rows, lambda field: field["roll_up"]),
        ]
        columns += [
            replace(column, name=f"vectors_{column.name}")
            for column in statistic_columns(vectors, lambda field: field["name"] == "rms")
        ]
    if document is not None:
        columns += layer_columns(document, [None if row.get("stack") else row["layer"] for row in rows])
    return columns


def _flat_part(layer: Row, part: Row | None) -> dict[str, Any]:
    """The cells of a part of a layer; without any, those that tell the layer."""
    return flat(part) if part is not None else {"layer": layer.layer, "stack": layer.stack}


def head_table(data: ReportData) -> list[DataColumn]:
    """A row for each head of each role of each layer."""
    rows = [row for table in data.profile.heads.values() for row in _head_rows(table)] if data.profile else []
    added = head_columns(data.analysis.document) if data.analysis else []
    known = {(row["layer"], row["role"], row["head"]) for row in rows}
    places = dict.fromkeys(place for _, values in added for place in values if place not in known)
    rows += [dict(zip(("layer", "role", "head"), place, strict=True)) for place in places]
    rows.sort(key=lambda row: (row["layer"], row["role"], row["head"]))
    columns = place_columns(("layer", "role", "head"), rows)
    if data.profile is not None and data.profile.heads:
        columns += statistic_columns(rows, _is_of_heads)
    at = [(row["layer"], row["role"], row["head"]) for row in rows]
    return [
        *columns,
        *(DataColumn(name, "number", "by the analysis", [values.get(place) for place in at]) for name, values in added),
    ]


def _is_of_heads(field: FieldInfo) -> bool:
    """Whether the table has a statistic of heads; doubles beyond float32 are told by their tensors."""
    return field["per_head"] and field["roll_up"] and field["name"] != "beyond_float32_count"


def _head_rows(table: HeadTable) -> Iterable[dict[str, Any]]:
    saved = table.to_json()["fields"]
    for position, layer in enumerate(table.layers):
        for head in range(table.n_heads[position]):
            fields = {name: values[position][head] for name, values in saved.items()}
            yield {"layer": layer, "role": table.role, "head": head, **fields}
