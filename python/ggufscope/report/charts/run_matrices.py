"""The output errors of single matrices on what the reference reads: a stroke for each, role by role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..content.chart import Chart, ChartColumn, ChartTable
from ..content.diff_run_words import OUTPUT_ERROR
from ..content.diff_words import percent_text, types_text
from .access import runs_of
from .axes import drawn_roles, only
from .diff_words import MOST_MODELS, only_models
from .registry import LeftOutError, chart
from .role_strokes import strokes_by_role
from .words import name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.run_record import MatrixError
    from ..content.chart import Specification
    from ..content.results import ReportData

_NO_ROLE = "(no role)"


@chart("run-matrices")
def run_matrices(data: ReportData) -> Iterator[Chart]:
    """The output error of every matrix, by role; colours tell the models, or of one model the types."""
    runs = runs_of(data)
    matrices = [(label, matrix) for label, run in runs for matrix in run.matrices]
    erring = [(label, matrix) for label, matrix in matrices if matrix.error]
    if not erring:
        raise LeftOutError("no matrix gives another output")
    roles = drawn_roles((matrix.role for _, matrix in erring), _NO_ROLE)
    label, worst = max(erring, key=lambda pair: pair[1].error or 0.0)
    of = f" of {label}" if len(runs) > 1 else ""
    sentence = f"The worst is {name(worst.name)}{of} with {percent_text(worst.error or 0.0)} %."
    yield Chart(
        name="run-matrices",
        title="Output errors of single matrices, by role",
        sentence=sentence,
        definition=(
            f"A stroke for each matrix, at its output error on a logarithmic axis: {OUTPUT_ERROR}. Errors of earlier"
            f" layers are not in it.{only(len({matrix.role for _, matrix in erring}))}{only_models(len(runs))}"
        ),
        alt=f"Strokes on a line for each of {len(roles)} roles. {sentence}",
        table=_table(matrices),
        specification=_picture([label for label, _ in runs], erring, roles),
    )


def _table(matrices: list[tuple[str, MatrixError]]) -> ChartTable:
    columns = (
        ChartColumn("model", "model"),
        ChartColumn("tensor", "tensor"),
        ChartColumn("part", "part"),
        ChartColumn("role", "role"),
        ChartColumn("type", "type"),
        ChartColumn("error", "output error"),
        ChartColumn("error_first", "output error, first tokens"),
    )
    rows = [
        (label, each.name, each.part, each.role, each.model_type, each.error, each.error_first)
        for label, each in matrices
    ]
    return ChartTable(columns, tuple(rows))


def _picture(labels: list[str], erring: list[tuple[str, MatrixError]], roles: dict[str | None, str]) -> Specification:
    several = len(labels) > 1
    models = labels[:MOST_MODELS]
    rows: list[dict[str, Any]] = [
        {
            "tensor": name(matrix.name),
            "role": roles[matrix.role],
            "of": label if several else name(matrix.model_type),
            "type": name(types_text(matrix)),
            "error": matrix.error,
        }
        for label, matrix in erring
        if matrix.role in roles and label in models
    ]
    drawn = models if several else None
    return strokes_by_role(rows, list(roles.values()), drawn, field="error", title="output error")
