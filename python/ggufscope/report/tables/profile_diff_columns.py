"""The differences of two profiles in columns, tensor by tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...diffs.of_profiles import FIGURES
from ...saving.tables import DataColumn, columns_of

if TYPE_CHECKING:
    from ...saving.tables import ColumnAbout
    from ..content.results import ReportData

_OF_TENSORS: tuple[ColumnAbout, ...] = (
    ("name", "text", "of the tensor, in both"),
    ("role", "text", "what it is in its layer; empty for names nobody knows"),
    ("layer", "integer", ""),
    ("stack", "text", "empty for the main stack of layers"),
    ("kind", "text", "matrix, vector, factor or table"),
    ("shape", "integers", "rows × columns"),
    ("reference_type", "text", "of ggml"),
    ("model_type", "text", "of ggml"),
    ("reference_bytes", "integer", "as stored"),
    ("model_bytes", "integer", "as stored"),
    ("norm_change", "number", "norm of the model / norm of the reference − 1"),
)


def change_columns(data: ReportData) -> list[DataColumn]:
    """A row for each tensor that both have in one shape, and each of its statistics in both."""
    tensors = data.profile_diff.document.tensors if data.profile_diff else []
    columns = columns_of(_OF_TENSORS, [vars(tensor) for tensor in tensors])
    equal = [int(tensor.equal) for tensor in tensors]
    columns.append(DataColumn("equal", "integer", "1 where all statistics of weights that both have are equal", equal))
    for figure in FIGURES:
        pairs = [tensor.figures.get(figure, (None, None)) for tensor in tensors]
        for side, name in enumerate(("reference", "model")):
            columns.append(
                DataColumn(f"{name}_{figure}", "number", f"{figure} of the {name}", [p[side] for p in pairs])
            )
    return columns
