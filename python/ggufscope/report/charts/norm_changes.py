"""How the norms of single tensors differ between two profiles: a stroke for each, role by role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ..content.chart import Chart, ChartColumn, ChartTable
from ..content.diff_words import norm_change_text, types_text
from .access import profile_diff_of
from .axes import chart_of, drawn_roles, marks, only, role_y
from .registry import LeftOutError, chart
from .words import name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...diffs.of_profiles import TensorChange
    from ..content.chart import Specification
    from ..content.results import ReportData

_NO_ROLE = "(no role)"
_LINE = 24  # pixels of a role
_PERCENT = "format(100 * datum.value, '+.3~g') + ' %'"


@chart("norm-changes")
def norm_changes(data: ReportData) -> Iterator[Chart]:
    """‖b‖ / ‖a‖ − 1 of every tensor whose statistics differ, by role; colours tell the types."""
    tensors = profile_diff_of(data).tensors
    known = [tensor for tensor in tensors if not tensor.equal and tensor.norm_change is not None]
    if not known:
        differing = any(not tensor.equal for tensor in tensors)
        raise LeftOutError("no norm could be compared" if differing else "no statistic differs")
    roles = drawn_roles((tensor.role for tensor in known), _NO_ROLE)
    still = len(tensors) - len(known)
    most = max(known, key=lambda tensor: abs(tensor.norm_change or 0.0))
    sentence = (
        f"The norm of {name(most.name)} changed most, by {norm_change_text(most.norm_change or 0.0)} %, of"
        f" {len(known)} tensors with other statistics."
    )
    yield Chart(
        name="norm-changes",
        title="Changes of norms, by role",
        sentence=sentence,
        definition=(
            "A stroke for each tensor whose statistics differ, at the norm of the model over that of the reference"
            " less 1. Equal norms do not say that weights are equal."
            + (f" {still} with equal statistics, or without a norm, are in the table alone." if still else "")
            + only(len({tensor.role for tensor in known}))
        ),
        alt=f"Strokes on a line for each of {len(roles)} roles. {sentence}",
        table=_table(tensors),
        specification=_picture([tensor for tensor in known if tensor.role in roles], roles),
    )


def _table(tensors: list[TensorChange]) -> ChartTable:
    columns = (
        ChartColumn("tensor", "tensor"),
        ChartColumn("role", "role"),
        ChartColumn("reference_type", "type of the reference"),
        ChartColumn("model_type", "type of the model"),
        ChartColumn("norm_change", "change of the norm", "share"),
    )
    rows = [(each.name, each.role, each.reference_type, each.model_type, each.norm_change) for each in tensors]
    return ChartTable(columns, tuple(rows))


def _picture(tensors: list[TensorChange], roles: dict[str | None, str]) -> Specification:
    rows: list[dict[str, Any]] = [
        {
            "tensor": name(tensor.name),
            "role": roles[tensor.role],
            "type": name(types_text(tensor)),
            "change": tensor.norm_change,
        }
        for tensor in tensors
    ]
    there = list(dict.fromkeys(str(row["type"]) for row in rows))
    axis = alt.Axis(labelExpr=_PERCENT, labelOverlap="greedy", grid=True, tickCount=6)
    strokes = (
        marks()
        .encode(
            x=alt.X("change:Q", title="change of the norm", scale=alt.Scale(zero=True, padding=8), axis=axis),
            y=role_y(list(roles.values()), padding=0.15),
            color=alt.Color("type:N", title="type", sort=None, scale=alt.Scale(domain=there)),
            tooltip=[
                alt.Tooltip("tensor:N", title="tensor"),
                alt.Tooltip("type:N", title="type"),
                alt.Tooltip("change:Q", title="change of the norm", format="+.3~%"),
            ],
        )
        .mark_tick(thickness=1.5, size=_LINE - 8, aria=False)
    )
    return chart_of(strokes, rows=rows, height=_LINE * len(roles))
