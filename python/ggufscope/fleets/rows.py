"""The tables of a fleet, one file of each for every model.

    model.parquet     one row: what the model is, the statistics of its matrices, the verdict
    tensors.parquet   one row per tensor, in file order, as `tensors.parquet` of reports
    roles.parquet     one row per role

The column `model` is not in the files but in the name of their directory, as readers of hive partitions expect it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..profiles.rows import flat
from ..report.tables.profile_columns import tensor_columns
from ..report.tables.shelf_columns import role_columns, shelf_columns
from ..saving.tables import DataTable

if TYPE_CHECKING:
    from ..profiles.profile_result import Profile
    from .record import ModelFacts

MODEL_TABLE, TENSOR_TABLE, ROLE_TABLE = "model.parquet", "tensors.parquet", "roles.parquet"


def model_table(facts: ModelFacts, profile: Profile) -> DataTable:
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
    return _model_table(facts, of_profile, {} if matrices is None else flat(matrices))


def failed_table(facts: ModelFacts) -> DataTable:
    """The row of a model that could not be measured: what there is to say of it, in the same columns."""
    return _model_table(facts, {}, {})


def tensor_table(profile: Profile) -> DataTable:
    """A row for each tensor, in file order."""
    return DataTable("tensors", tensor_columns(profile.tensors.values()))


def role_table(profile: Profile) -> DataTable:
    """A row for each role, in order of first appearance."""
    rows = [flat(row) for row in profile.roles.values()]
    return DataTable("roles", role_columns(rows))


def _model_table(facts: ModelFacts, of_profile: dict[str, Any], statistics: dict[str, Any]) -> DataTable:
    return DataTable("shelf", shelf_columns([{**statistics, **of_profile, **asdict(facts)}]))
