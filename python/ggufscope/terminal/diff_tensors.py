"""The tensors of a diff for the terminal: the figures of one model, or the errors of several side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..report.content.diff_words import cosine_text, decibels_text, percent_text, share_text
from ..text.numbers import bytes_text, short
from .columns import Column
from .screen import most_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..text.glyphs import Glyphs
    from .screen import Screen

# Column → how early it gives way where there is no room; 0: never.
DEFAULT_COLUMNS = {"nmse": 0, "sqnr_db": 2, "cosine": 3, "max_abs_error": 4, "model_type": 1, "name": 0}

_TEXTS: dict[str, Callable[[Any], str]] = {
    "nmse": percent_text,
    "weighted_nmse": percent_text,
    "row_nmse_median": percent_text,
    "error_share": share_text,
    "unchanged": share_text,
    "sqnr_db": decibels_text,
    "cosine": cosine_text,
    "rescale": cosine_text,
    "reference_bytes": bytes_text,
    "model_bytes": bytes_text,
    "identical": lambda same: "yes" if same else "no",
}
_IN_PERCENT = {"nmse", "weighted_nmse", "row_nmse_median", "error_share", "unchanged"}
_TEXT_COLUMNS = {"role", "stack", "kind", "shape", "reference_type", "model_type", "identical", "max_abs_error_index"}
_NAMES = {"name", "model_name", "views"}


def render_diff_tensors(
    screen: Screen, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, chosen: bool, top: int | None
) -> None:
    """A table of the tensors of one model.

    Args:
        screen: to print to.
        rows: of `diffs.rows`.
        columns: to show, in this order.
        chosen: whether somebody asked for these columns; else some give way where there is no room for them.
        top: how many rows were asked for.
    """
    glyphs = screen.glyphs
    shown = rows[: most_rows(top)]
    yields = {} if chosen else DEFAULT_COLUMNS
    screen.table(
        [
            Column(_head(name), [_text(name, row[name], glyphs) for row in shown], _kind(name), yields.get(name, 0))
            for name in columns
        ],
        f"tensors: {len(rows)}",
    )
    screen.tell_rest(len(rows) - len(shown), "tensor", "--top N shows N of them, and the JSON has all")


def render_side_by_side(screen: Screen, tables: Sequence[Sequence[Mapping[str, Any]]], top: int | None) -> None:
    """The NMSE of each tensor in each of several models.

    Args:
        screen: to print to.
        tables: rows of each model, of `diffs.rows`.
        top: how many tensors were asked for.
    """
    glyphs = screen.glyphs
    errors = [{row["name"]: row["nmse"] for row in table} for table in tables]
    names = list(dict.fromkeys(name for table in errors for name in table))
    shown = names[: most_rows(top)]
    columns = [
        Column(str(number), [_text("nmse", table.get(name), glyphs) for name in shown])
        for number, table in enumerate(errors, 1)
    ]
    screen.table([*columns, Column("tensor", shown, "name")], f"tensors: {len(names)}, NMSE % of each model")
    screen.tell_rest(len(names) - len(shown), "tensor", "--top N shows N of them, and the JSON has all")


def figure_texts(name: str, value: Any, glyphs: Glyphs) -> tuple[str, str]:
    """The name of a figure and its value, as the columns of the table have them."""
    return _head(name), _text(name, value, glyphs)


def _head(name: str) -> str:
    return {"nmse": "NMSE %", "sqnr_db": "SQNR dB"}.get(name) or (f"{name} %" if name in _IN_PERCENT else name)


def _kind(name: str) -> str:
    return "name" if name in _NAMES else "text" if name in _TEXT_COLUMNS else "number"


def _text(name: str, value: Any, glyphs: Glyphs) -> str:
    if value is None:
        return glyphs.nothing
    if name in _TEXTS:
        return _TEXTS[name](value)
    if name == "shape":
        return glyphs.shape(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return short(value) if isinstance(value, float) else str(value)
