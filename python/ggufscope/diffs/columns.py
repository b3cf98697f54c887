"""Records as columns, for arrays and data frames."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ..saving.tables import DataColumn
from .records import DiffSummary, PartError, TensorDiff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..saving.tables import Kind
    from .records import ModelDiff

_KINDS: dict[str, Kind] = {
    "int": "integer",
    "float": "number",
    "bool": "flag",
    "list[int]": "integers",
    "list[str]": "texts",
}
_PARTS = {"row": "worst_rows", "head": "worst_heads", "expert": "worst_experts"}


def tensor_columns(models: Sequence[ModelDiff]) -> list[DataColumn]:
    """A row for each tensor of each model; of its parts the worst row, and how it errs."""
    rows = [
        {"model": position, **_flat(tensor), **_worst_row(tensor)}
        for position, model in enumerate(models)
        for tensor in model.tensors
    ]
    kinds: dict[str, Kind] = {
        "model": "integer",
        **_kinds(TensorDiff),
        "worst_row": "integer",
        "worst_row_nmse": "number",
    }
    return columns_of(rows, {name: kind for name, kind in kinds.items() if name not in _PARTS.values()})


def model_columns(models: Sequence[ModelDiff]) -> list[DataColumn]:
    """A row for each model."""
    about: dict[str, Kind] = {"title": "text", "file": "text", "n_bytes": "integer", "bits_per_weight": "number"}
    rows = [
        {"model": position, **{name: getattr(model.subject, name) for name in about}, **_flat(model.summary)}
        for position, model in enumerate(models)
    ]
    return columns_of(rows, {"model": "integer", **about, **_kinds(DiffSummary)})


def part_columns(models: Sequence[ModelDiff]) -> list[DataColumn]:
    """A row for each of the worst rows, heads and experts of each tensor of each model."""
    rows = [
        {"model": position, "name": tensor.name, "part": part, **_flat(each)}
        for position, model in enumerate(models)
        for tensor in model.tensors
        for part, each in _parts_of(tensor)
    ]
    return columns_of(rows, {"model": "integer", "name": "text", "part": "text", **_kinds(PartError)})


def _parts_of(tensor: TensorDiff) -> Iterator[tuple[str, PartError]]:
    for part, name in _PARTS.items():
        yield from ((part, each) for each in getattr(tensor, name))


def _worst_row(tensor: TensorDiff) -> dict[str, Any]:
    worst = next(iter(tensor.worst_rows), None)
    return {} if worst is None else {"worst_row": worst.index, "worst_row_nmse": worst.nmse}


def _flat(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _kinds(record: Any) -> dict[str, Kind]:
    names = {field.name: str(field.type).removesuffix(" | None") for field in fields(record)}
    return {name: _KINDS.get(kind, "text") for name, kind in names.items()}


def columns_of(rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, Kind]) -> list[DataColumn]:
    """Columns of plain values, of the kinds that are given by name."""
    rows = list(rows)
    return [DataColumn(name, kind, "", [row.get(name) for row in rows]) for name, kind in kinds.items()]
