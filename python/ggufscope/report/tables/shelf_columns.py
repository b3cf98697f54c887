"""The columns of many models: a row for each, and a row for each of their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...saving.tables import DataColumn
from .profile_columns import place_columns, statistic_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...saving.tables import Kind
    from ..content.results import ReportData

_OF_RECORD: dict[str, tuple[Kind, str]] = {
    "source": ("text", "the name it was opened by"),
    "state": ("text", "measured or failed"),
    "verdict": ("text", "of check: sound, warnings or errors; failed where the model could not be measured"),
    "title": ("text", "its name, or that of its first file"),
    "contents": ("text", "model, adapter, projector, imatrix, vocabulary or other"),
    "architecture": ("text", "general.architecture"),
    "file_type": ("text", "type or mix that the file declares"),
    "n_elements": ("integer", "parameters"),
    "n_bytes": ("integer", "of all tensors, as stored"),
    "bits_per_weight": ("number", "stored bits per parameter"),
    "n_errors": ("integer", "findings of check of that severity"),
    "n_warnings": ("integer", "findings of check of that severity"),
    "finding": ("text", "the gravest finding"),
    "failure": ("text", "why it could not be measured"),
    "exit_code": ("integer", "that a command on this model alone would end with"),
}
_OF_PROFILE: dict[str, tuple[Kind, str]] = {
    "name": ("text", "general.name"),
    "identity": ("text", "hash of the tensor table and of samples of every tensor"),
    "type": ("text", "the type of the most bytes"),
    "n_files": ("integer", "files of the model"),
    "file_bytes": ("integer", "of all its files"),
    "n_tensors": ("integer", "in the tensor table"),
    "coverage": ("number", "elements scanned / elements in the file"),
}


def shelf_columns(rows: Sequence[Mapping[str, Any]]) -> list[DataColumn]:
    """The columns of models: what each is, the verdict on it, the statistics of its matrices.

    Args:
        rows: column → value; what a row lacks is None.
    """
    about = _OF_RECORD | _OF_PROFILE
    columns = [DataColumn(name, *about[name], [row.get(name) for row in rows]) for name in about]
    statistics = statistic_columns(rows, lambda field: field["roll_up"])
    return columns + [column for column in statistics if column.name not in about]


def role_columns(rows: Sequence[Mapping[str, Any]]) -> list[DataColumn]:
    """The columns of roles, likewise."""
    places = place_columns(("role", "n_tensors", "n_bytes"), rows)
    return places + statistic_columns(rows, lambda field: field["roll_up"])


def shelf_table(data: ReportData) -> list[DataColumn]:
    """The columns of a shelf's models."""
    rows = data.shelf.models if data.shelf else []
    return [_partitions(rows), *shelf_columns(rows)]


def role_table(data: ReportData) -> list[DataColumn]:
    """The columns of the roles of a shelf's models."""
    rows = data.shelf.roles if data.shelf else []
    return [_partitions(rows), *role_columns(rows)]


def _partitions(rows: Sequence[Mapping[str, Any]]) -> DataColumn:
    return DataColumn("model", "text", "of the fleet: its directory is model=…", [row["model"] for row in rows])
