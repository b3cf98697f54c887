"""Parts that charts share: the axes of layers and roles, marks where they are many, and the place of the data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt

from ..content.role_order import in_order
from .labels import equal_within, number_label, percent_label
from .theme import ROWS
from .words import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..content.chart import Specification

MOST_TICKS = 12
FEW_LAYERS = 48
MOST_ROLES = 40
ROW_HEIGHT = 17  # of a role in a map, in pixels
_SYMBOL, _CHARACTER = 36, 6  # pixels of a legend
WHERE_LAYER = alt.Tooltip("layer:O", title="layer")


def ticks(layers: Sequence[int]) -> list[int]:
    """The layers to name on an axis: all, or every second, fourth, fifth, tenth and so on."""
    steps = (step * 10**power for power in range(6) for step in (1, 2, 4, 5))
    step = next(step for step in steps if len(layers) <= MOST_TICKS * step)
    return [layer for layer in layers if layer % step == 0] or list(layers[:1])


def crowded(n_layers: int) -> bool:
    """Whether layers are so many that points and the gaps between cells would hide what they mark."""
    return n_layers > FEW_LAYERS


def cell_look(n_layers: int) -> dict[str, Any]:
    """How the cells of a map look; the table beside it speaks for them, not each of a thousand cells."""
    return {"aria": False} if crowded(n_layers) else {"aria": False, "style": "cell"}


def dot_size(n_layers: int) -> int:
    """Of the points of a curve, in square pixels: smaller where they are many."""
    return 22 if crowded(n_layers) else 55


def layer_x(layers: Sequence[int], padding: float = 0.15, *, named: bool = True) -> alt.X:
    """The axis of the layers: one band each, a dozen of them numbered.

    Args:
        layers: their numbers.
        padding: the part of a band that is left empty.
        named: whether it says what it is.
    """
    axis = alt.Axis(values=ticks(layers), labelAngle=0, labelOverlap="greedy")
    return alt.X(
        "layer:O", title="layer" if named else None, axis=axis, scale=alt.Scale(domain=list(layers), padding=padding)
    )


def value_y(
    values: Sequence[float], title: str | None, *, logarithmic: bool = False, percent: bool = False, zero: bool = False
) -> alt.Y:
    """The axis of a number of every layer, with labels as people write them.

    Values that are equal within 0.1 % are drawn on an axis that begins at 0, or spans a hundredfold: as a flat line.

    Args:
        values: that are drawn.
        title: of the axis.
        logarithmic: whether it is.
        percent: whether they are shares.
        zero: whether it begins at 0.
    """
    label = percent_label() if percent else number_label()
    if logarithmic:
        known = [value for value in values if value > 0]
        domain = [min(known) / 10, max(known) * 10] if known and equal_within(known) else None
        ticks_of = log_ticks(domain or known)
        axis = alt.Axis(values=ticks_of, labelExpr=label)
        scale = alt.Scale(type="log", domain=domain, nice=False) if domain else alt.Scale(type="log")
        return alt.Y("value:Q", title=title, scale=scale, axis=axis)
    scale = alt.Scale(zero=zero or equal_within(values), nice=True)
    return alt.Y("value:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5, labelExpr=label))


def legend_of(labels: Sequence[str], width: int = 0, **look: Any) -> alt.Legend:
    """A legend that shows its labels whole, in as many columns as there is room for.

    Args:
        labels: all of them.
        width: of the view in pixels; 0: what it has, where it stands alone.
        look: other properties.
    """
    column = _SYMBOL + _CHARACTER * max(map(len, labels), default=0)
    columns: Any = max(1, width // column) if width else alt.ExprRef(f"max(1, floor(width / {column}))")
    return alt.Legend(labelLimit=0, columns=columns, **look)


def log_ticks(values: Iterable[float]) -> list[float]:
    """Values to name on a logarithmic axis of positive values: powers of ten, with 2 and 5 times these where few."""
    known = sorted(values) or [1.0]
    first, last = math.floor(math.log10(known[0])), math.ceil(math.log10(known[-1]))
    step = max(1, math.ceil((last - first) / 8))
    digits = (1, 2, 5) if last - first <= 2 else (1,)
    return [float(f"{digit}e{power}") for power in range(first, last + 1, step) for digit in digits]


def drawn_roles(roles: Iterable[str | None], none: str = "") -> dict[str | None, str]:
    """Role → its label, of those that are drawn: in the order of computation, others behind as they come; not too many.

    Labels are unique, however alike the names begin. `none` names the role None.
    """
    order = in_order(roles)[:MOST_ROLES]
    return dict(zip(order, unique([none if role is None else role for role in order]), strict=True))


def only(n_roles: int) -> str:
    """The sentence for a chart that does not draw all roles; empty where it does."""
    return (
        f" Drawn are the first {MOST_ROLES} of {n_roles} roles; all are in the table." if n_roles > MOST_ROLES else ""
    )


def role_y(roles: Sequence[str], padding: float = 0.0) -> alt.Y:
    """The axis of the roles, one line each, the first on top."""
    axis = alt.Axis(grid=False, labelLimit=130, labelOverlap=False)
    return alt.Y("role:N", title=None, sort=None, scale=alt.Scale(domain=list(roles), padding=padding), axis=axis)


def chart_of(
    *layers: alt.Chart | alt.LayerChart, rows: Iterable[dict[str, Any]], height: int = 240, **properties: Any
) -> Specification:
    """The specification of marks on top of each other, as wide as their container."""
    top = layers[0] if len(layers) == 1 else alt.layer(*layers)
    top = top.properties(width="container", height=height, data=alt.NamedData(name=ROWS), **properties)
    return with_rows(top, rows)


def with_rows(top: Any, rows: Iterable[dict[str, Any]]) -> Specification:
    """A chart as a specification; its data joins afterwards, so that altair does not look at every row."""
    found: Specification = top.to_dict(validate=False)
    found.pop("config", None)
    found["datasets"] = {ROWS: list(rows)}
    found["autosize"] = {"type": "fit-x", "contains": "padding"}
    return found


def marks() -> Any:
    """A chart without data of its own, to put marks on."""
    return alt.Chart(alt.NamedData(name=ROWS))
