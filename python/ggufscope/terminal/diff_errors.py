"""Where the errors of a diff are: the tensors that hold most of them, roles, and layers by roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..diffs.rollups import (
    MOST_CARRIERS,
    Pooled,
    by_place_and_role,
    carriers,
    counted_tensors,
    error_shares,
    place_of,
    places_of,
    pooled_by,
    roles_by_error,
)
from ..models.stacks import layer_ranges
from ..report.content.diff_words import (
    carriers_text,
    decibels_text,
    percent_text,
    role_text,
    share_text,
    types_text,
)
from ..report.content.role_order import in_order
from .columns import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..diffs.diff_document import DiffDocument
    from ..diffs.records import ModelDiff
    from ..text.glyphs import Glyphs
    from .screen import Screen

_MOST_LAYERS, _MOST_ROLES = 1024, 128  # more than models have
_MOST_NAMED = 12  # roles without an error in a line
_LONGEST_NAME = 60


def render_carriers(screen: Screen, document: DiffDocument) -> None:
    """The tensors that hold most of the squared error: of one model its own, of several those of all."""
    glyphs = screen.glyphs
    if len(document.models) == 1:
        _carriers_of_one(screen, document.models[0], glyphs)
    else:
        _carriers_of_several(screen, document.models, glyphs)


def _carriers_of_one(screen: Screen, model: ModelDiff, glyphs: Glyphs) -> None:
    found = carriers(model)
    if not found:
        return
    tensors = [each.tensor for each in found]
    _title(screen, f"where the error is: {carriers_text(found)}")
    screen.table(
        [
            Column("share %", [share_text(each.error_share) for each in found]),
            Column("NMSE %", [_percent(tensor.nmse, glyphs) for tensor in tensors]),
            Column("SQNR dB", [_decibels(tensor.sqnr_db, glyphs) for tensor in tensors], yields=2),
            Column("type", [types_text(tensor, glyphs.arrow) for tensor in tensors], "text", 1),
            Column("tensor", [tensor.name for tensor in tensors], "name"),
        ],
    )


def _carriers_of_several(screen: Screen, models: Sequence[ModelDiff], glyphs: Glyphs) -> None:
    shares = [error_shares(model) for model in models]
    largest: dict[str, float] = {}
    for name, share in (item for of_model in shares for item in of_model.items()):
        largest[name] = max(share, largest.get(name, 0.0))
    names = sorted((name for name, share in largest.items() if share > 0), key=lambda name: -largest[name])
    names = names[:MOST_CARRIERS]
    if not names:
        return
    _title(screen, "where the errors are, in % of each model's own")
    columns = [
        Column(str(number), [share_text(of_model[name]) if name in of_model else glyphs.nothing for name in names])
        for number, of_model in enumerate(shares, 1)
    ]
    screen.table([*columns, Column("tensor", names, "name")])


def render_roles(screen: Screen, document: DiffDocument) -> None:
    """NMSE by role, of every model; of one model also how much of the weights and of the error that is."""
    models = document.models
    erring, still = roles_by_error(models)
    if not erring:
        return
    glyphs = screen.glyphs
    tables = [pooled_by(counted_tensors(model), lambda tensor: tensor.role) for model in models]
    if len(models) == 1:
        erring.sort(key=lambda role: -tables[0][role].error_squares)
    shown = (erring if len(models) == 1 else in_order(erring))[:_MOST_ROLES]
    names = Column("role", [role_text(role) for role in shown], "name")
    if len(models) == 1:
        _title(screen, "by role")
        rows = [tables[0][role] for role in shown]
        screen.table([names, *_figures(rows, Pooled.of(counted_tensors(models[0])), glyphs)])
    else:
        _title(screen, "NMSE % by role, model by model")
        columns = [
            [_percent(table[role].nmse if role in table else None, glyphs) for role in shown] for table in tables
        ]
        screen.table([names, *(Column(str(number), cells) for number, cells in enumerate(columns, 1))])
    screen.tell_rest(len(erring) - len(shown), "role", "the JSON has their tensors")
    _tell_still(screen, still, glyphs)


def _figures(rows: Sequence[Pooled], whole: Pooled, glyphs: Glyphs) -> list[Column]:
    return [
        Column("NMSE %", [_percent(row.nmse, glyphs) for row in rows]),
        Column("SQNR dB", [_decibels(row.sqnr_db, glyphs) for row in rows], yields=2),
        Column("of error %", [share_text(row.error_squares / whole.error_squares) for row in rows]),
        Column("of weights %", [share_text(row.n_elements / whole.n_elements) for row in rows], yields=1),
    ]


def _tell_still(screen: Screen, still: Sequence[str | None], glyphs: Glyphs) -> None:
    if still:
        names = ", ".join(glyphs.cut(role_text(role), _LONGEST_NAME) for role in still[:_MOST_NAMED])
        more = f" and {len(still) - _MOST_NAMED} more" if len(still) > _MOST_NAMED else ""
        screen.line(f"without an error: {names}{more}", "dim")


def render_layers(screen: Screen, document: DiffDocument) -> None:
    """NMSE by layer and role of one model, as many roles side by side as there is room for."""
    if len(document.models) != 1:
        return
    model = document.models[0]
    cells = by_place_and_role(model)
    erring, _ = roles_by_error([model])
    in_layers = {role for place, role in cells if place.layer is not None}
    roles = [role for role in in_order(erring) if role in in_layers]
    layers = pooled_by([tensor for tensor in counted_tensors(model) if tensor.layer is not None], place_of)
    places = [place for place in places_of(model) if layers[place].error_squares > 0]
    if not roles or not places:
        return
    glyphs = screen.glyphs
    shown = places[:_MOST_LAYERS]
    columns = [
        Column(glyphs.cut(role_text(role), _LONGEST_NAME), [_cell(cells.get((place, role)), glyphs) for place in shown])
        for role in roles[:_MOST_ROLES]
    ]
    columns.append(Column("all", [_cell(layers[place], glyphs) for place in shown]))
    _title(screen, "NMSE % by layer and role")
    screen.table([Column("layer", [str(place) for place in shown]), *columns], folds=True)
    screen.tell_rest(len(places) - len(shown), "layer", "the JSON has their tensors")
    for stack in dict.fromkeys(place.stack for place in layers):
        own = [place for place in layers if place.stack == stack and not layers[place].error_squares]
        still = [place.layer for place in own if place.layer is not None]
        if still:
            of = f" of {glyphs.cut(stack, _LONGEST_NAME)}" if stack is not None else ""
            screen.line(f"without an error: layers{of} {layer_ranges(still)}", "dim")


def _cell(pooled: Pooled | None, glyphs: Glyphs) -> str:
    return "" if pooled is None else _percent(pooled.nmse, glyphs)


def _percent(nmse: float | None, glyphs: Glyphs) -> str:
    return glyphs.nothing if nmse is None else percent_text(nmse)


def _decibels(sqnr_db: float | None, glyphs: Glyphs) -> str:
    return glyphs.nothing if sqnr_db is None else decibels_text(sqnr_db)


def _title(screen: Screen, text: str) -> None:
    screen.blank()
    screen.heading(text)
