"""The tables of a fleet, one file of each for every model.

    model.parquet     one row: what the model is, the statistics of its matrices, the verdict
    tensors.parquet   one row per tensor, in file order, as `tensors.parquet` of reports
    roles.parquet     one row per role

The column `model` is not in the files but in the name of their directory, as readers of hive partitions expect it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..profiles.rows import flat
from ..report.tables.columns import DataColumn, DataTable
from ..report.tables.profile_columns import place_columns, statistic_columns, tensor_columns

if TYPE_CHECKING:
    from ..checks.check_document import CheckDocument
    from ..profiles.profile_result import Profile
    from ..report.tables.columns import Kind
    from .record import Record

MODEL_TABLE, TENSOR_TABLE, ROLE_TABLE = "model.parquet", "tensors.parquet", "roles.parquet"

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


def model_table(record: Record, profile: Profile, verdict: CheckDocument) -> DataTable:
    """The row of a model; its statistics are those of its matrices."""
    model = profile.model
    of_profile = {
        "name": model.name,
        "identity": model.identity,
        "type": next(iter(model.types), None),
        "n_files": len(model.file_sizes),
        "file_bytes": sum(model.file_sizes),
        "n_tensors": model.n_tensors,
        "coverage": profile.coverage,
    }
    matrices = profile.total.of_matrices
    return _model_table(record, of_profile, {} if matrices is None else flat(matrices))


def failed_table(record: Record) -> DataTable:
    """The row of a model that could not be measured: what there is to say of it, in the same columns."""
    return _model_table(record, {}, {})


def tensor_table(profile: Profile) -> DataTable:
    """A row for each tensor, in file order."""
    return DataTable("tensors", tensor_columns(profile.tensors.values()))


def role_table(profile: Profile) -> DataTable:
    """A row for each role, in order of first appearance."""
    rows = [flat(row) for row in profile.roles.values()]
    columns = place_columns(("role", "n_tensors", "n_bytes"), rows)
    return DataTable("roles", columns + statistic_columns(rows, lambda field: field["roll_up"]))


def _model_table(record: Record, of_profile: dict[str, Any], statistics: dict[str, Any]) -> DataTable:
    columns = [DataColumn(name, *about, [getattr(record, name)]) for name, about in _OF_RECORD.items()]
    columns += [DataColumn(name, *about, [of_profile.get(name)]) for name, about in _OF_PROFILE.items()]
    known = {column.name for column in columns}
    columns += [each for each in statistic_columns([statistics], lambda f: f["roll_up"]) if each.name not in known]
    return DataTable("model", columns)
