"""Small multiples: charts of one kind in one picture, side by side where there is room, on axes that line up."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ..content.chart import FINDINGS, Chart, ChartColumn, ChartTable
from .theme import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..content.chart import Specification, Value

EXTENT = 46  # pixels for the labels of a vertical axis, the same in all panels
SPACING = 26  # pixels between panels
LEAST_WIDTH = 250  # of a panel with its labels; with less room they stand below each other
_SURPLUS = 14  # pixels that labels at the end of a horizontal axis take beyond it
_LINE = 34  # characters of a title that fit the narrowest panel
_CHANNELS = ("color", "shape", "strokeDash", "opacity")
_CAPTION = {"anchor": "start", "frame": "bounds", "fontSize": 12, "offset": 8}


@dataclass(frozen=True)
class Panel:
    """A chart of one view, and what to call it among others."""

    title: str
    chart: Chart


def panels_of(
    panels: Sequence[tuple[str, Specification]], height: int, columns: int = 3, shared: Sequence[str] = ()
) -> Specification:
    """The specification of several views, each with its title.

    Args:
        panels: title and specification, as `chart_of` makes it.
        height: of each, in pixels.
        columns: in a row, at the most.
        shared: channels that mean the same in all of them, and have one legend.
    """
    views, datasets = [], {}
    for position, (title, specification) in enumerate(panels):
        rows = f"{ROWS}_{position + 1}"
        datasets[rows] = specification["datasets"][ROWS]
        last = position >= len(panels) - columns
        view = _with(specification, rows, names_layers=last)
        views.append(
            {**view, "title": {**_CAPTION, "text": textwrap.wrap(title, _LINE)}, "width": "container", "height": height}
        )
    return {
        "$schema": panels[0][1]["$schema"],
        "concat": views,
        "columns": columns,
        "spacing": SPACING,
        "align": "each",
        "resolve": {"scale": {each: "shared" if each in shared else "independent" for each in _CHANNELS}},
        "datasets": datasets,
        "usermeta": {"panels": {"columns": columns, "least": LEAST_WIDTH, "margin": EXTENT + _SURPLUS}},
    }


_ALONE = ("$schema", "datasets", "autosize", "config")  # of a specification that is no view among others


def _with(specification: Specification, rows: str, *, names_layers: bool) -> Specification:
    view = {key: value for key, value in specification.items() if key not in _ALONE}
    return cast("Specification", _adapted(view, rows, names_layers=names_layers))


def _adapted(value: Any, rows: str, *, names_layers: bool) -> Any:
    """Views with data of their own, and axes without the titles that a panel has above it."""
    if isinstance(value, list):
        return [_adapted(each, rows, names_layers=names_layers) for each in value]
    if not isinstance(value, dict):
        return value
    if value == {"name": ROWS}:
        return {"name": rows}
    adapted = {key: _adapted(each, rows, names_layers=names_layers) for key, each in value.items()}
    if isinstance(value.get("expr"), str):  # views among others have no signal for their width
        adapted["expr"] = re.sub(r"\bwidth\b", str(LEAST_WIDTH), value["expr"])
    if isinstance(value.get("encoding"), dict):
        encoding = adapted["encoding"]
        if "y" in encoding:
            axis = (encoding["y"].get("axis") or {}) | {"minExtent": EXTENT, "maxExtent": EXTENT, "labelPadding": 6}
            encoding["y"] |= {"title": None, "axis": axis}
        if "x" in encoding and not names_layers:
            encoding["x"] |= {"title": None}
        if "y" in encoding and (encoding.get("color", {}).get("legend") or {}).get("titleOrient") == "top":
            _without_title(encoding["color"])
    return adapted


def _without_title(colour: dict[str, Any]) -> None:
    """The legend of a map tells numbers of what the panel is called."""
    if colour.get("type") == "quantitative":
        colour["legend"] |= {"title": None}


def sized(specification: Specification, width: float) -> None:
    """Give the views of small multiples their width; the script of a page does the same.

    Args:
        specification: of `panels_of`; it is changed.
        width: of all, in pixels.
    """
    about = specification["usermeta"]["panels"]
    columns = max(1, min(about["columns"], int((width + SPACING) // (about["least"] + SPACING))))
    specification["columns"] = columns
    for view in specification["concat"]:
        view["width"] = int((width - (columns - 1) * SPACING) / columns - about["margin"])


def family(
    name: str,
    title: str,
    panels: Sequence[Panel],
    *,
    keys: int,
    definition: str = "",
    sentence: str | None = None,
    height: int = 150,
    columns: int = 3,
    shared: Sequence[str] = (),
) -> Chart:
    """One chart of several, with their numbers in one table.

    Args:
        name: of the chart.
        title: what is seen.
        panels: charts whose first columns, layer and perhaps head, name the same places.
        keys: number of those columns.
        definition: what holds for all of them; their own follow.
        sentence: what the numbers say; None: the sentences of all panels.
        height: of each panel, in pixels.
        columns: in a row, at the most.
        shared: channels that mean the same in all of them, and have one legend.
    """
    said = sentence or " ".join(f"{panel.title}: {panel.chart.sentence}" for panel in panels)
    own = [f"{panel.title}: {panel.chart.definition}" for panel in panels]
    return Chart(
        name=name,
        title=title,
        sentence=said,
        definition=" ".join(filter(None, [definition, *own])),
        alt=" ".join([f"{len(panels)} charts.", *(f"{panel.title}: {panel.chart.alt}" for panel in panels)]),
        table=joined_table([panel.chart.table for panel in panels], [panel.title for panel in panels], keys),
        specification=panels_of(
            [(panel.title, panel.chart.specification) for panel in panels], height, columns, shared
        ),
        section=panels[0].chart.section if panels else FINDINGS,
    )


def joined_table(tables: Sequence[ChartTable], titles: Sequence[str], keys: int) -> ChartTable:
    """The columns of several tables beside each other, by what their first columns say.

    A name that two tables have is followed by the number of its panel.
    """
    columns = list(tables[0].columns[:keys])
    taken = {column.name for column in columns}
    for number, (table, title) in enumerate(zip(tables, titles, strict=True), 1):
        for column in table.columns[keys:]:
            is_new = column.name not in taken
            name = column.name if is_new else f"{column.name}_{number}"
            label = column.label if len(tables) == 1 else f"{title}: {column.label}"
            columns.append(ChartColumn(name, label, column.unit))
            taken.add(name)
    places = dict.fromkeys(row[:keys] for table in tables for row in table.rows)
    by_place = [{row[:keys]: row[keys:] for row in table.rows} for table in tables]
    empty: list[tuple[Value, ...]] = [(None,) * (len(table.columns) - keys) for table in tables]
    rows = [
        (*place, *(value for rows, none in zip(by_place, empty, strict=True) for value in rows.get(place, none)))
        for place in places
    ]
    return ChartTable(tuple(columns), tuple(rows))
