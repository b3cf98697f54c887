"""The map of types: what each tensor of the layers is stored in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ..content.chart import Chart, ChartColumn, ChartTable
from .access import profile_of
from .axes import ROW_HEIGHT, WHERE_LAYER, cell_look, chart_of, drawn_roles, layer_x, marks, only, role_y
from .registry import LeftOutError, chart
from .words import listed, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..content.chart import Specification
    from ..content.results import ReportData


@chart("type-map")
def type_map(data: ReportData) -> Iterator[Chart]:
    """The quantization type of every layer and role."""
    model = profile_of(data).model
    cells: dict[tuple[int, str], list[str]] = {}
    for role, types in model.type_map.items():
        for kind, layers in types.items():
            for layer in layers:
                cells.setdefault((layer, role), []).append(kind)
    if not cells:
        raise LeftOutError("no tensor belongs to a layer")
    outside = [
        f"{name(role)} {' + '.join(map(name, types))}"
        for role, types in model.type_map.items()
        if not any(types.values())
    ]
    mixed = [name(role) for role, types in model.type_map.items() if len(types) > 1]
    sentence = (
        (f"The type changes over the layers in {listed(mixed)}." if mixed else "Every role has one type in all layers.")
        + (f" Outside the layers: {', '.join(outside)}." if outside else "")
    )  # fmt: skip
    yield Chart(
        name="type-map",
        title="Quantization types by layer and role",
        sentence=sentence,
        definition=(
            "The type each tensor is stored in; lighter types take more bits per weight."
            + only(len({role for _, role in cells}))
        ),
        alt=f"A map of types over layers and roles. {sentence}",
        table=ChartTable(
            (ChartColumn("layer", "layer"), ChartColumn("role", "role"), ChartColumn("type", "type")),
            tuple((layer, role, " + ".join(kinds)) for (layer, role), kinds in sorted(cells.items())),
        ),
        specification=_types_picture(cells, [name(kind) for kind in _by_bits(model.types)]),
    )


def _by_bits(types: dict[str, dict[str, int]]) -> list[str]:
    """Types by the bits of a weight, the fewest first."""
    return sorted(types, key=lambda kind: (types[kind]["n_bytes"] / max(1, types[kind]["n_elements"]), kind))


def _types_picture(cells: dict[tuple[int, str], list[str]], order: list[str]) -> Specification:
    roles = drawn_roles(role for _, role in cells)
    rows = [
        {"layer": layer, "role": roles[role], "type": " + ".join(map(name, kinds))}
        for (layer, role), kinds in cells.items()
        if role in roles
    ]
    there = {str(row["type"]) for row in rows}
    domain = [kind for kind in order if kind in there] + sorted(there - set(order))
    picture = (
        marks()
        .mark_rect(**cell_look(len({layer for layer, _ in cells})))
        .encode(
            x=layer_x(sorted({layer for layer, _ in cells}), 0),
            y=role_y(list(roles.values())),
            color=alt.Color("type:O", title=None, scale=alt.Scale(domain=domain), sort=domain),
            tooltip=[WHERE_LAYER, alt.Tooltip("role:N", title="role"), alt.Tooltip("type:N", title="type")],
        )
    )
    return chart_of(picture, rows=rows, height=ROW_HEIGHT * len(roles))
