"""The errors of single tensors: a stroke for each, role by role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ...diffs.rollups import counted_tensors, roles_by_error
from ..content.chart import Chart, ChartColumn, ChartTable
from ..content.diff_words import percent_text
from .access import diff_of
from .axes import chart_of, drawn_roles, marks, only, role_y
from .diff_words import MOST_MODELS, error_axis, model_colours, model_labels, only_models
from .registry import LeftOutError, chart
from .words import name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.diff_document import DiffDocument
    from ...diffs.records import TensorDiff
    from ..content.chart import Specification
    from ..content.results import ReportData

_NO_ROLE = "(no role)"
_MOST_TOLD = 3  # models in the sentence
_LINE = 24  # pixels of a role


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
    kinds = models if several else list(dict.fromkeys(str(row["of"]) for row in rows))
    there = [kind for kind in kinds if any(row["of"] == kind for row in rows)]
    errors = [tensor.nmse for _, tensor in erring if tensor.nmse]
    lines = len(there) if several else 1
    base = marks().encode(
        x=alt.X("nmse:Q", title="NMSE", scale=alt.Scale(type="log", nice=False, padding=8), axis=error_axis(errors)),
        y=role_y(list(roles.values()), padding=0.15),
        color=model_colours(there)
        if several
        else alt.Color("of:N", title="type", sort=None, scale=alt.Scale(domain=there)),
        tooltip=[
            alt.Tooltip("tensor:N", title="tensor"),
            alt.Tooltip("of:N", title="model" if several else "type"),
            alt.Tooltip("type:N", title="type"),
            alt.Tooltip("nmse:Q", title="NMSE", format=".3~%"),
            alt.Tooltip("sqnr:Q", title="SQNR dB", format=".1f"),
        ],
    )
    if several:
        base = base.encode(yOffset=alt.YOffset("of:N", sort=None, scale=alt.Scale(domain=there)))
    height = max(_LINE, 10 * lines + 6)
    strokes = base.mark_tick(thickness=1.5, size=height / lines - 6 if several else height - 8, aria=False)
    return chart_of(strokes, rows=rows, height=height * len(roles))
