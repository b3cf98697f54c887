"""Tensors of a diff in an order, or with columns, that somebody asked for, as plain data: no diff, which is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..models.inspection import shown_value
from ..saving.plain import plain_of
from .rows import tensor_rows

if TYPE_CHECKING:
    from ..models.selection import Selection
    from .diff_document import DiffDocument
    from .records import ModelDiff

SCHEMA = "ggufscope.diff-tensors/1"


def selected_document(document: DiffDocument, selection: Selection) -> dict[str, Any]:
    """The document: `selection` says what was asked for; each model has its tensors in the order asked for.

    Without `columns` a tensor has those of `diffs.rows`. Numbers that JSON cannot hold stand by their names.
    """
    return {
        "schema": SCHEMA,
        "reference": plain_of(document.reference),
        "settings": plain_of(document.settings),
        "selection": selection.to_json(),
        "models": [
            {"model": plain_of(model.subject), "tensors": _tensors(model, selection)} for model in document.models
        ],
        "run": plain_of(document.run),
    }


def _tensors(model: ModelDiff, selection: Selection) -> list[dict[str, Any]]:
    return [
        {column: _plain(row[column]) for column in selection.columns or row}
        for row in selection.rows(tensor_rows(model))
    ]


def _plain(value: Any) -> Any:
    return shown_value(list(value) if isinstance(value, tuple) else value)
