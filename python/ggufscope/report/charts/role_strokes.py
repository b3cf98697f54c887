"""Strokes on a line for each role: one for each matrix, at its error on a logarithmic axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from .axes import chart_of, marks, role_y
from .diff_words import error_axis, model_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..content.chart import Specification

_LINE = 24  # pixels of a role


def strokes_by_role(
    rows: Sequence[dict[str, Any]],
    roles: Sequence[str],
    models: Sequence[str] | None,
    *,
    field: str,
    title: str,
    also: Sequence[alt.Tooltip] = (),
) -> Specification:
    """The picture; colours tell the models, or of one model the types.

    Args:
        rows: of the strokes that are drawn: "tensor", "role", "of" (what its colour tells), "type" and the error.
        roles: from the first line to the last.
        models: that colours tell, in their order; None for the types of one model.
        field: of a row, its error.
        title: of the axis.
        also: more to tell of the stroke under the pointer.
    """
    kinds = models if models is not None else list(dict.fromkeys(str(row["of"]) for row in rows))
    there = [kind for kind in kinds if any(row["of"] == kind for row in rows)]
    errors = [row[field] for row in rows]
    lines = 1 if models is None else len(there)
    by_type = alt.Color("of:N", title="type", sort=None, scale=alt.Scale(domain=there))
    scale = alt.Scale(type="log", nice=False, padding=8)
    base = marks().encode(
        x=alt.X(f"{field}:Q", title=title, scale=scale, axis=error_axis(errors)),
        y=role_y(list(roles), padding=0.15),
        color=by_type if models is None else model_colours(there),
        tooltip=[
            alt.Tooltip("tensor:N", title="tensor"),
            alt.Tooltip("of:N", title="type" if models is None else "model"),
            alt.Tooltip("type:N", title="type"),
            alt.Tooltip(f"{field}:Q", title=title, format=".3~%"),
            *also,
        ],
    )
    if models is not None:
        base = base.encode(yOffset=alt.YOffset("of:N", sort=None, scale=alt.Scale(domain=there)))
    height = max(_LINE, 10 * lines + 6)
    thickness = height - 8 if models is None else height / lines - 6
    strokes = base.mark_tick(thickness=1.5, size=thickness, aria=False)
    return chart_of(strokes, rows=list(rows), height=height * len(roles))
