"""The errors of single tensors: a stroke for each, role by role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ...diffs.rollups import counted_tensors, roles_by_error
from ..content.chart import Chart, ChartColumn, ChartTable
from ..content.diff_words import percent_text
from .access import diff_of
from .axes import drawn_roles, only
from .diff_words import MOST_MODELS, model_labels, only_models
from .registry import LeftOutError, chart
from .role_strokes import strokes_by_role
from .words import name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.diff_document import DiffDocument
    from ...diffs.records import TensorDiff
    from ..content.chart import Specification
    from ..content.results import ReportData

_NO_ROLE = "(no role)"
_MOST_TOLD = 3  # models in the sentence


@chart("error-tensors")
def error_tensors(data: ReportData) -> Iterator[Chart]:
    """NMSE of every tensor, by role; colours tell the models, or of one model the types."""
    document = diff_of(data)
    tensors = [
        (label, tensor)
        for label, model in zip(model_labels(document), document.models, strict=True)
        for tensor in counted_tensors(model)
    ]
    erring = [(label, tensor) for label, tensor in tensors if tensor.nmse]
    if not erring:
        raise LeftOutError("no weight differs, where the reference is not all 0")
    roles = drawn_roles(roles_by_error(document.models)[0], _NO_ROLE)
    still = len(tensors) - len(erring)
    sentence = _sentence(document, erring)
    yield Chart(
        name="error-tensors",
        title="Errors of single tensors, by role",
        sentence=sentence,
        definition=(
            "A stroke for each tensor, at its NMSE on a logarithmic axis."
            + (f" {still} without an error have no place there; they are in the table." if still else "")
            + only(len({tensor.role for _, tensor in erring}))
            + only_models(len(document.models))
        ),
        alt=f"Strokes on a line for each of {len(roles)} roles. {sentence}",
        table=_table(tensors),
        specification=_picture(document, erring, roles),
    )


def _sentence(document: DiffDocument, erring: list[tuple[str, TensorDiff]]) -> str:
    parts = []
    for label in list(dict.fromkeys(label for label, _ in erring))[:_MOST_TOLD]:
        own = sorted((tensor for of, tensor in erring if of == label), key=lambda tensor: tensor.nmse or 0)
        of = f" of {label}" if len(document.models) > 1 else ""
        worst, median = own[-1], own[len(own) // 2]
        parts.append(
            f"The worst{of} is {name(worst.name)} with {percent_text(worst.nmse or 0)} %, the median"
            f" {percent_text(median.nmse or 0)} %."
        )
    return " ".join(parts)


def _table(tensors: list[tuple[str, TensorDiff]]) -> ChartTable:
    columns = (
        ChartColumn("model", "model"),
        ChartColumn("tensor", "tensor"),
        ChartColumn("role", "role"),
        ChartColumn("type", "type"),
        ChartColumn("nmse", "NMSE"),
        ChartColumn("sqnr_db", "SQNR", "dB"),
        ChartColumn("cosine", "cosine"),
    )
    rows = [
        (label, tensor.name, tensor.role, tensor.model_type, tensor.nmse, tensor.sqnr_db, tensor.cosine)
        for label, tensor in tensors
    ]
    return ChartTable(columns, tuple(rows))


def _picture(
    document: DiffDocument, erring: list[tuple[str, TensorDiff]], roles: dict[str | None, str]
) -> Specification:
    several = len(document.models) > 1
    models = model_labels(document)[:MOST_MODELS]
    rows: list[dict[str, Any]] = [
        {
            "tensor": name(tensor.name),
            "role": roles[tensor.role],
            "of": label if several else name(tensor.model_type),
            "type": name(tensor.model_type),
            "nmse": tensor.nmse,
            "sqnr": tensor.sqnr_db,
        }
        for label, tensor in erring
        if tensor.role in roles and label in models
    ]
    drawn = models if several else None
    also = [alt.Tooltip("sqnr:Q", title="SQNR dB", format=".1f")]
    return strokes_by_role(rows, list(roles.values()), drawn, field="nmse", title="NMSE", also=also)
