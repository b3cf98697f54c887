"""Some tensors of a profile as JSON, for whoever asked for a selection: no profile, which holds all tensors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .rows import flat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..models.selection import Selection
    from .rows import Row

SCHEMA = "ggufscope.tensors/1"


def selected_document(
    tensors: Mapping[str, Row],
    selection: Selection,
    *,
    model: dict[str, Any],
    settings: dict[str, Any],
    run: dict[str, Any] | None,
) -> dict[str, Any]:
    """The document: `selection` says what was asked for, `tensors` are in the order asked for.

    Args:
        tensors: rows by name, of which the selection chooses.
        selection: with `columns`, rows have these columns alone; without, all that rows of a saved profile have.
        model: its summary, of all tensors.
        settings: that the numbers depend on.
        run: when and how the tensors were read; None leaves it out.
    """
    chosen = selection.rows([flat(row) for row in tensors.values()])
    document = {
        "schema": SCHEMA,
        "model": model,
        "settings": settings,
        "selection": selection.to_json(),
        "n_selected": len(chosen),
        "tensors": [_row(tensors[cells["name"]], cells, selection.columns) for cells in chosen],
    }
    return document if run is None else document | {"run": run}


def _row(row: Row, cells: Mapping[str, Any], columns: Sequence[str] | None) -> dict[str, Any]:
    return row.to_json() if columns is None else {column: cells.get(column) for column in columns}


def selected_json(document: Mapping[str, Any]) -> str:
    """The text of the document: strict JSON, one tensor per line."""
    parts = [f"{json.dumps(name)}: {_text(value)}" for name, value in document.items()]
    return "{\n" + ",\n".join(parts) + "\n}"


def _text(value: Any) -> str:
    lines = map(_dump, value) if isinstance(value, list) else ()
    return "[\n" + ",\n".join(lines) + "\n]" if isinstance(value, list) and value else _dump(value)


_dump = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
