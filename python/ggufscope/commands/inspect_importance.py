"""`ggufscope inspect` of an importance matrix."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..models.emptiness import require_some
from ..models.importance import open_importance
from ..models.importance.description import IMPORTANCE_COLUMNS, describe
from ..models.model import open as open_model
from ..terminal.console import show
from ..terminal.importance import DEFAULT_COLUMNS, render_importance, render_importance_tensors
from ..terminal.inspection import render_head
from ..terminal.standard_output import print_out

if TYPE_CHECKING:
    from ..models.model import Model
    from ..models.selection import Selection
    from ..terminal.screen import Screen


def described(path: str, against: str | None) -> dict[str, Any]:
    """What there is to say of the importance matrix in a file, and what it covers of a model.

    Raises:
        ImportanceError: The file holds no importance matrix, or one of another model.
        GGUFError: A file is malformed.
        OSError: A file cannot be read.
    """
    with ExitStack() as stack:
        model = None if against is None else stack.enter_context(open_model(against))
        return describe(stack.enter_context(open_importance(path)), model)


def print_importance(
    importance: dict[str, Any],
    selection: Selection,
    *,
    model: Model | None = None,
    as_json: bool = False,
    as_markdown: bool = False,
) -> None:
    """As text or Markdown, or as JSON with the tensors and columns that were asked for."""
    columns = selection.shown_columns(IMPORTANCE_COLUMNS, list(DEFAULT_COLUMNS))
    require_some(selection, ((row["name"], row["layer"], row["role"]) for row in importance["tensors"]))
    rows = selection.rows(importance["tensors"])
    if as_json:
        kept = rows if selection.columns is None else [{column: row[column] for column in columns} for row in rows]
        asked = {"selection": selection.to_json()} if selection.any else {}
        print_out(json.dumps(importance | {"tensors": kept} | asked, indent=1, allow_nan=False))
        return

    def render(screen: Screen) -> None:
        if model is not None:
            render_head(screen, model)
        render_importance(screen, importance)
        screen.blank()
        render_importance_tensors(screen, rows, selection, columns)

    show(render, markdown=as_markdown)
