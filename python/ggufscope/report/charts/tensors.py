"""Maps of layers × roles: the statistics of the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt

from ..content.chart import Chart, ChartColumn, ChartTable
from .access import profile_of
from .axes import (
    ROW_HEIGHT,
    WHERE_LAYER,
    cell_look,
    chart_of,
    drawn_roles,
    layer_x,
    marks,
    only,
    role_y,
    with_rows,
)
from .labels import PLAIN, number_label
from .registry import LeftOutError, chart
from .theme import ROWS
from .words import listed, name, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...profiles.profile_result import Profile
    from ...profiles.rows import Row
    from ..content.chart import Specification
    from ..content.results import ReportData


@dataclass(frozen=True)
class Statistic:
    """A field of the profile to map.

    Attributes:
        field: its name there.
        label: what to call it.
        knee: magnitude below which shades are linear in the value, above it logarithmic.
        unit: of the value.
    """

    field: str
    label: str
    knee: float
    unit: str = ""


LOGARITHMIC = "rms"  # its scale knows no 0
STATISTICS = (
    Statistic(LOGARITHMIC, "rms of the weights", 1e-12),
    Statistic("kurtosis", "excess kurtosis", 1.0),
    Statistic("sparsity", "share of near-zero weights", 1e-3, "share"),
    Statistic("outlier_fraction_6", "share of outliers beyond 6 std", 1e-6, "share"),
    Statistic("code_entropy", "entropy of the codes", 100.0, "bits"),
)


@dataclass(frozen=True)
class MapCell:
    """A place in the map and the row of the profile that stands there."""

    layer: int
    role: str
    row: Row


@chart("tensor-map")
def tensor_map(data: ReportData) -> Iterator[Chart]:
    """Any of the statistics, for every layer and role."""
    profile = profile_of(data)
    cells = _cells(profile)
    if not cells:
        raise LeftOutError("no matrix belongs to a layer")
    statistics = [statistic for statistic in STATISTICS if any(_drawable(statistic, cell) for cell in cells)]
    if not statistics:
        raise LeftOutError("no statistic is defined on any tensor of a layer")
    roles = drawn_roles(cell.role for cell in cells)
    sentence = f"Highest: {'; '.join(_highest(statistic, cells) for statistic in statistics)}."
    yield Chart(
        name="tensor-map",
        title="Statistics of the weights by layer and role",
        sentence=sentence,
        definition=(
            "Each cell is one matrix, or all matrices of that layer and role together, as experts stored one by one."
            " Shades are linear for small values and logarithmic for large ones. Empty: no such tensor, undefined,"
            f" or an rms of 0.{only(len({cell.role for cell in cells}))}"
        ),
        alt=f"Maps of layers and {len(roles)} roles: {listed([each.label for each in statistics])}. {sentence}",
        table=_table(cells),
        specification=_map(statistics, cells, roles),
        still=_maps(statistics, cells, roles),
    )


def _cells(profile: Profile) -> list[MapCell]:
    """One per layer and role of matrices; where several tensors share one, their roll-up."""
    cells = {
        (row.layer, row.role): MapCell(row.layer, row.role, row)
        for row in profile.tensors.values()
        if row.is_matrix and row.layer is not None and row.role is not None
    }
    shared = [row for row in profile.layer_roles.values() if (row.layer, row.role) in cells]
    cells |= {(row.layer, row.role): MapCell(row.layer, row.role, row) for row in shared}
    return sorted(cells.values(), key=lambda cell: cell.layer)


def _highest(statistic: Statistic, cells: list[MapCell]) -> str:
    known = [cell for cell in cells if cell.row.get(statistic.field) is not None]
    low, high = (pick(known, key=lambda cell: cell.row[statistic.field]) for pick in (min, max))
    value = number(high.row[statistic.field])
    if low.row[statistic.field] == high.row[statistic.field]:
        return f"{statistic.label} {value} throughout"
    return f"{statistic.label} in {name(high.role)} of layer {high.layer} ({value})"


def _table(cells: list[MapCell]) -> ChartTable:
    columns = [ChartColumn("layer", "layer"), ChartColumn("role", "role"), ChartColumn("type", "type")]
    columns += [ChartColumn(statistic.field, statistic.label, statistic.unit) for statistic in STATISTICS]
    rows = [
        (cell.layer, cell.role, cell.row.type, *(cell.row.get(statistic.field) for statistic in STATISTICS))
        for cell in cells
    ]
    return ChartTable(tuple(columns), tuple(rows))


def _rows(statistics: list[Statistic], cells: list[MapCell], roles: dict[str | None, str]) -> list[dict[str, Any]]:
    return [
        {
            "layer": cell.layer,
            "role": roles[cell.role],
            "statistic": statistic.label,
            "value": cell.row[statistic.field],
        }
        for statistic in statistics
        for cell in cells
        if cell.role in roles and _drawable(statistic, cell)
    ]


def _drawable(statistic: Statistic, cell: MapCell) -> bool:
    """Whether there is a value; an rms of 0 has no place on a logarithmic scale."""
    value = cell.row.get(statistic.field)
    return value is not None and (value != 0 or statistic.field != LOGARITHMIC)


def _map(statistics: list[Statistic], cells: list[MapCell], roles: dict[str | None, str]) -> Specification:
    """One map of a statistic that the reader chooses.

    A single colour scale serves all of them, on asinh(value / knee); its legend takes the labels back from there.
    """
    labels = [statistic.label for statistic in statistics]
    knees = "{" + ", ".join(f"'{statistic.label}': {statistic.knee!r}" for statistic in statistics) + "}"
    chosen = alt.param(name="statistic", value=labels[0], bind=alt.binding_select(options=labels, name="Show the "))
    value = f"(exp(datum.value) - exp(-datum.value)) / 2 * {knees}[statistic]"
    label = number_label(f"({value})", 3)
    legend = alt.Legend(title=None, gradientLength=220, tickCount=4, labelExpr=label)
    picture = (
        marks()
        .add_params(chosen)
        .transform_filter("datum.statistic === statistic")
        .transform_calculate(share=f"datum.value / {knees}[datum.statistic]")
        .transform_calculate(shade="log(abs(datum.share) + sqrt(datum.share * datum.share + 1))")
        .transform_calculate(shade="datum.share < 0 ? -datum.shade : datum.shade")
        .mark_rect(**cell_look(len(_layers(cells))))
        .encode(
            x=layer_x(_layers(cells), 0),
            y=role_y(list(roles.values())),
            color=alt.Color("shade:Q", scale=alt.Scale(zero=False), legend=legend),
            tooltip=[
                WHERE_LAYER,
                alt.Tooltip("role:N", title="role"),
                alt.Tooltip("statistic:N", title="statistic"),
                alt.Tooltip("value:Q", title="value", format=PLAIN),
            ],
        )
    )
    return chart_of(picture, rows=_rows(statistics, cells, roles), height=ROW_HEIGHT * len(roles))


def _maps(statistics: list[Statistic], cells: list[MapCell], roles: dict[str | None, str]) -> Specification:
    """Every statistic in a map of its own, below each other."""
    look, y = cell_look(len(_layers(cells))), role_y(list(roles.values()))
    panels = [
        marks()
        .transform_filter(f"datum.statistic === '{statistic.label}'")
        .mark_rect(**look)
        .encode(
            x=layer_x(_layers(cells), 0, named=statistic is statistics[-1]),
            y=y,
            color=_shade(statistic),
        )
        .properties(width="container", height=15 * len(roles))
        for statistic in statistics
    ]
    stacked = alt.vconcat(*panels, data=alt.NamedData(name=ROWS), spacing=14).resolve_scale(color="independent")
    found = with_rows(stacked, _rows(statistics, cells, roles))
    del found["autosize"]
    found["usermeta"] = {"axis": max(map(len, roles.values()))}
    return found


def _shade(statistic: Statistic) -> alt.Color:
    logarithmic = statistic.field == LOGARITHMIC
    scale = alt.Scale(type="log") if logarithmic else alt.Scale(type="symlog", constant=statistic.knee, zero=False)
    unit = f", {statistic.unit}" if statistic.unit == "bits" else ""
    label = number_label(digits=3)
    legend = alt.Legend(
        title=statistic.label + unit, titleOrient="top", gradientLength=160, tickCount=3, labelExpr=label
    )
    return alt.Color("value:Q", scale=scale, legend=legend)


def _layers(cells: list[MapCell]) -> list[int]:
    return sorted({cell.layer for cell in cells})
