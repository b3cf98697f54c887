"""Records as columns: one NumPy array per field, ready for a data frame."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .records import DiffSummary, PartError, TensorDiff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from .records import ModelDiff

Columns = dict[str, "npt.NDArray[Any]"]

_PARTS = {"row": "worst_rows", "head": "worst_heads", "expert": "worst_experts"}


def tensor_columns(models: Sequence[ModelDiff]) -> Columns:
    """A row for each tensor of each model; of its parts the worst row, and how it errs."""
    rows = [
        {"model": position, **_flat(tensor), **_worst_row(tensor)}
        for position, model in enumerate(models)
        for tensor in model.tensors
    ]
    kinds = {"model": "int", **_kinds(TensorDiff), "worst_row": "int", "worst_row_nmse": "float"}
    return columns_of(rows, {name: kind for name, kind in kinds.items() if name not in _PARTS.values()})


def model_columns(models: Sequence[ModelDiff]) -> Columns:
    """A row for each model."""
    about = {"title": "text", "file": "text", "n_bytes": "int", "bits_per_weight": "float"}
    rows = [
        {"model": position, **{name: getattr(model.subject, name) for name in about}, **_flat(model.summary)}
        for position, model in enumerate(models)
    ]
    return columns_of(rows, {"model": "int", **about, **_kinds(DiffSummary)})


def part_columns(models: Sequence[ModelDiff]) -> Columns:
    """A row for each of the worst rows, heads and experts of each tensor of each model."""
    rows = [
        {"model": position, "name": tensor.name, "part": part, **_flat(each)}
        for position, model in enumerate(models)
        for tensor in model.tensors
        for part, each in _parts_of(tensor)
    ]
    return columns_of(rows, {"model": "int", "name": "text", "part": "text", **_kinds(PartError)})


def _parts_of(tensor: TensorDiff) -> Iterator[tuple[str, PartError]]:
    for part, name in _PARTS.items():
        yield from ((part, each) for each in getattr(tensor, name))


def _worst_row(tensor: TensorDiff) -> dict[str, Any]:
    worst = next(iter(tensor.worst_rows), None)
    return {} if worst is None else {"worst_row": worst.index, "worst_row_nmse": worst.nmse}


def _flat(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _kinds(record: Any) -> dict[str, str]:
    return {field.name: str(field.type).removesuffix(" | None") for field in fields(record)}


def columns_of(rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, str]) -> Columns:
    """Rows of plain values as columns: integers int64, −1 for none; numbers float64, NaN for none; others objects."""
    rows = list(rows)
    return {name: _column([row.get(name) for row in rows], kind) for name, kind in kinds.items()}


def _column(values: list[Any], kind: str) -> npt.NDArray[Any]:
    if kind == "int":
        return np.array([-1 if value is None else value for value in values], np.int64)
    if kind == "float":
        return np.array([np.nan if value is None else value for value in values], np.float64)
    if kind == "bool":
        return np.array(values, np.bool_)
    out = np.empty(len(values), object)
    out[:] = [tuple(value) if isinstance(value, list) else value for value in values]
    return out
