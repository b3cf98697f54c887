"""`ggufscope inspect`."""

import difflib
import json
from typing import Annotated, Any

import typer

from ..inputs.naming import resolved
from ..models.importance import is_dat
from ..models.importance.gguf_form import is_importance_model
from ..models.inspection import TENSOR_COLUMNS, metadata_entry, tensor_rows, to_json
from ..models.model import Model
from ..models.model import open as open_model
from ..models.recipes import recipe_of
from ..models.selection import Selection
from ..terminal.console import show
from ..terminal.inspection import DEFAULT_COLUMNS, render_head, render_overview, render_tensors
from ..terminal.standard_output import print_out
from ..text.escape import escape
from .inspect_importance import described, print_importance
from .options import (
    ColumnsOption,
    JsonOption,
    LayersOption,
    ModelArgument,
    RoleOption,
    SortOption,
    TensorsOption,
    TopOption,
)
from .recipe_lines import print_recipe


def inspect(
    model: ModelArgument,
    *,
    kv: Annotated[str | None, typer.Option("--kv", metavar="KEY", help="Print one metadata value in full.")] = None,
    as_json: JsonOption = False,
    tensors: TensorsOption = None,
    layers: LayersOption = None,
    role: RoleOption = None,
    sort: SortOption = None,
    top: TopOption = None,
    columns: ColumnsOption = None,
    recipe: Annotated[
        bool, typer.Option("--recipe", help="Print the llama-quantize command that gives each tensor its type.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="MODEL", help="Of an importance matrix: say what it covers of this model."),
    ] = None,
) -> None:
    """Show what a model file holds: types by role, metadata, tensors.

    Only the header is read. Of an importance matrix, which is read whole, its statistics are shown. With a selection of
    tensors, or of columns, only their table is shown.
    """
    selection = Selection.of(tensors=tensors, layers=layers, role=role, sort=sort, top=top, columns=columns)
    if recipe and (kv is not None or against is not None or selection.any):
        raise ValueError("--recipe is of all tensors: --kv, --against, filters and --columns do not go with it")
    if kv is not None and (against is not None or selection.any):
        raise ValueError("--kv prints one value: --against, filters and --columns do not go with it")
    model = resolved(model)
    if kv is None and not recipe and is_dat(model):
        print_importance(described(model, against), selection, as_json=as_json)
        return
    with open_model(model) as opened:
        if kv is not None:
            _print_value(opened, kv, as_json)
            return
        if recipe:
            print_recipe(recipe_of(opened), as_json=as_json)
            return
        importance = described(model, against) if is_importance_model(opened) else None
        if importance is not None and not as_json:
            print_importance(importance, selection, model=opened)
            return
        if importance is None and against is not None:
            raise ValueError(f"{opened.path}: --against is for importance matrices, and this is a model")
        table = tensor_rows(opened)
        shown = selection.shown_columns(TENSOR_COLUMNS, DEFAULT_COLUMNS)
        rows = selection.rows(table)
        if as_json:
            kept = rows if selection.columns is None else [{column: row[column] for column in shown} for row in rows]
            beside = {} if importance is None else {"importance": importance}
            print_out(json.dumps(to_json(opened, kept) | beside, indent=1, allow_nan=False))
            return
        show(lambda console: _render(console, opened, selection, rows, shown))


def _render(console: Any, model: Model, selection: Selection, rows: list[dict[str, Any]], columns: list[str]) -> None:
    if selection.filters or selection.columns is not None:
        render_head(console, model)
    else:
        render_overview(console, model)
    console.print()
    render_tensors(console, rows, selection, columns)


def _print_value(model: Model, key: str, as_json: bool) -> None:
    """One value, whole: a string line by line, an array one entry a line."""
    if key not in model.metadata:
        near = difflib.get_close_matches(key, list(model.metadata), n=3)
        hint = f"; similar: {', '.join(near)}" if near else ""
        raise ValueError(f"{model.path}: no metadata key {key!r}{hint}")
    described = metadata_entry(model, key, limit=None)
    if as_json:
        print_out(json.dumps({"key": key, **described}, indent=1, allow_nan=False))
        return
    value = described["value"]
    lines = value if isinstance(value, list) else str(value).split("\n")
    print_out("\n".join(escape(line) for line in lines))
