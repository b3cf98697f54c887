"""The map of a diff: the error of every layer and role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import altair as alt

from ...diffs.rollups import Place, Pooled, by_place_and_role, places_of
from ..content.chart import Chart, ChartColumn, ChartTable
from ..content.diff_words import percent_text
from .access import diff_of
from .axes import ROW_HEIGHT, cell_look, chart_of, drawn_roles, marks, only, role_y, ticks, with_rows
from .diff_words import MOST_MODELS, model_labels, only_models
from .labels import percent_label
from .registry import LeftOutError, chart
from .theme import ROWS
from .words import name, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..content.chart import Specification
    from ..content.results import ReportData

_NO_ROLE = "(no role)"


class Cell(NamedTuple):
    """A place in the map of a model."""

    model: str
    place: Place
    role: str | None
    pooled: Pooled


@chart("error-map")
def error_map(data: ReportData) -> Iterator[Chart]:
    """NMSE for every layer and role, of the model that the reader chooses."""
    document = diff_of(data)
    names = model_labels(document)
    cells = [
        Cell(label, place, role, pooled)
        for label, model in zip(names, document.models, strict=True)
        for (place, role), pooled in by_place_and_role(model).items()
        if place.layer is not None
    ]
    erring = [cell for cell in cells if cell.pooled.nmse]
    if not erring:
        raise LeftOutError("no weight in a layer differs" if cells else "no tensor belongs to a layer")
    shown = [label for label in names if any(cell.model == label for cell in erring)][:MOST_MODELS]
    places = list(dict.fromkeys(place for model in document.models for place in places_of(model)))
    roles = drawn_roles((cell.role for cell in erring), _NO_ROLE)
    layers = dict(zip(places, unique([str(place) for place in places]), strict=True))
    rows = _rows([cell for cell in erring if cell.model in shown], roles, layers)
    sentence = _sentence(erring, shown, layers)
    yield Chart(
        name="error-map",
        title="Errors by layer and role",
        sentence=sentence,
        definition=(
            "NMSE, Σ(b − a)² / Σa² over all weights of that layer and role, on a logarithmic scale. Empty: no such"
            f" tensor, no error, or a reference that is all 0.{only(len({cell.role for cell in erring}))}"
            f"{only_models(len(document.models))}"
        ),
        alt=f"A map of {len(places)} layers and {len(roles)} roles. {sentence}",
        table=_table(cells),
        specification=_choice(rows, shown, list(layers.values()), list(roles.values())),
        still=_maps(rows, shown, list(layers.values()), list(roles.values())) if len(shown) > 1 else None,
    )


def _sentence(erring: list[Cell], shown: list[str], layers: dict[Place, str]) -> str:
    parts = []
    for label in shown:
        own = [cell for cell in erring if cell.model == label]
        high = max(own, key=lambda cell: cell.pooled.nmse or 0)
        low = min(own, key=lambda cell: cell.pooled.nmse or 0)
        of = f" of {label}" if len(shown) > 1 else ""
        where = f"{name(high.role or _NO_ROLE)} of layer {layers[high.place]}"
        parts.append(
            f"The largest error{of} is in {where} (NMSE {percent_text(high.pooled.nmse or 0)} %), the smallest in"
            f" {name(low.role or _NO_ROLE)} of layer {layers[low.place]} ({percent_text(low.pooled.nmse or 0)} %)."
        )
    return " ".join(parts[:3])


def _table(cells: list[Cell]) -> ChartTable:
    columns = (
        ChartColumn("model", "model"),
        ChartColumn("layer", "layer"),
        ChartColumn("role", "role"),
        ChartColumn("nmse", "NMSE"),
        ChartColumn("sqnr_db", "SQNR", "dB"),
        ChartColumn("error_squares", "Σ(b − a)²"),
        ChartColumn("reference_squares", "Σa²"),
        ChartColumn("n_elements", "weights"),
    )
    rows = [
        (
            cell.model,
            str(cell.place),
            cell.role,
            cell.pooled.nmse,
            cell.pooled.sqnr_db,
            cell.pooled.error_squares,
            cell.pooled.reference_squares,
            cell.pooled.n_elements,
        )
        for cell in cells
    ]
    return ChartTable(columns, tuple(rows))


def _rows(cells: list[Cell], roles: dict[str | None, str], layers: dict[Place, str]) -> list[dict[str, Any]]:
    return [
        {
            "model": cell.model,
            "layer": layers[cell.place],
            "role": roles[cell.role],
            "nmse": cell.pooled.nmse,
            "sqnr": cell.pooled.sqnr_db,
        }
        for cell in cells
        if cell.role in roles
    ]


def _picture(order: list[str], roles: list[str]) -> Any:
    named = ticks(list(range(len(order))))
    x = alt.X(
        "layer:O",
        title="layer",
        sort=None,
        axis=alt.Axis(values=[order[position] for position in named], labelAngle=0, labelOverlap="greedy"),
        scale=alt.Scale(domain=order, padding=0),
    )
    legend = alt.Legend(title="NMSE", titleOrient="top", gradientLength=200, tickCount=4, labelExpr=percent_label())
    return (
        marks()
        .mark_rect(**cell_look(len(order)))
        .encode(
            x=x,
            y=role_y(roles),
            color=alt.Color("nmse:Q", scale=alt.Scale(type="log"), legend=legend),
            tooltip=[
                alt.Tooltip("model:N", title="model"),
                alt.Tooltip("layer:O", title="layer"),
                alt.Tooltip("role:N", title="role"),
                alt.Tooltip("nmse:Q", title="NMSE", format=".3~%"),
                alt.Tooltip("sqnr:Q", title="SQNR dB", format=".1f"),
            ],
        )
    )


def _choice(rows: list[dict[str, Any]], shown: list[str], layers: list[str], roles: list[str]) -> Specification:
    picture = _picture(layers, roles)
    if len(shown) > 1:
        chosen = alt.param(name="shown", value=shown[0], bind=alt.binding_select(options=shown, name="Errors of "))
        picture = picture.add_params(chosen).transform_filter("datum.model === shown")
    return chart_of(picture, rows=rows, height=ROW_HEIGHT * len(roles))


def _maps(rows: list[dict[str, Any]], shown: list[str], layers: list[str], roles: list[str]) -> Specification:
    """The maps of all models below each other, each with its scale."""
    panels = []
    for position, label in enumerate(shown):
        panel = _picture(layers, roles).transform_filter(f"datum.panel === {position}")
        panels.append(panel.properties(width="container", height=15 * len(roles), title=label))
    stacked = alt.vconcat(*panels, data=alt.NamedData(name=ROWS), spacing=14).resolve_scale(color="independent")
    found = with_rows(stacked, [{**row, "panel": shown.index(row["model"])} for row in rows])
    del found["autosize"]
    found["usermeta"] = {"axis": max(map(len, roles))}
    return found
