"""`ggufscope inspect`."""

import json
from typing import Annotated, Any

import typer

from ..inputs.naming import resolved
from ..models.emptiness import require_some
from ..models.importance import is_dat
from ..models.importance.gguf_form import is_importance_model
from ..models.inspection import TENSOR_COLUMNS, tensor_rows, to_json
from ..models.model import Model
from ..models.model import open as open_model
from ..models.selection import Selection
from ..terminal.console import show
from ..terminal.inspection import DEFAULT_COLUMNS, render_head, render_overview, render_tensors
from ..terminal.screen import Screen
from ..terminal.standard_output import print_out
from ..text.numbers import counted
from .completion import complete_key, complete_model
from .options import (
    ColumnsOption,
    JsonOption,
    LayersOption,
    MarkdownOption,
    ModelArgument,
    RoleOption,
    SortOption,
    TensorsOption,
    TopOption,
)


def inspect(
    model: ModelArgument,
    *,
    kv: Annotated[
        str | None,
        typer.Option(
            "--kv",
            metavar="KEY",
            help="Print one metadata value in full, or a line for each of 'tokenizer.*'.",
            autocompletion=complete_key,
        ),
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Show the table of all tensors, too.")] = False,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
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
        typer.Option(
            "--against",
            metavar="MODEL",
            help="Of an importance matrix: say what it covers of this model.",
            autocompletion=complete_model,
        ),
    ] = None,
) -> None:
    """Show what a model file holds: types by role, metadata, tensors.

    Only the header is read. Of an importance matrix, which is read whole, its statistics are shown. --table adds the
    table of tensors; with a selection of tensors, an order or columns it is shown alone.
    """
    selection = Selection.of(tensors=tensors, layers=layers, role=role, sort=sort, top=top, columns=columns)
    if recipe and (kv is not None or against is not None or table or selection.any):
        raise ValueError(
            "--recipe is of all tensors: --kv, --against, --table, filters and --columns do not go with it"
        )
    if kv is not None and (against is not None or table or selection.any):
        raise ValueError("--kv prints metadata: --against, --table, filters and --columns do not go with it")
    model = resolved(model)
    if kv is None and not recipe and is_dat(model):
        from .inspect_importance import described, print_importance  # noqa: PLC0415  here and below: of no use to others

        print_importance(described(model, against), selection, as_json=as_json, as_markdown=as_markdown)
        return
    with open_model(model) as opened:
        if kv is not None:
            from .metadata_values import print_values  # noqa: PLC0415

            print_values(opened, kv, as_json=as_json, as_markdown=as_markdown)
            return
        if recipe:
            from ..models.recipes import recipe_of  # noqa: PLC0415
            from .recipe_lines import print_recipe  # noqa: PLC0415

            print_recipe(recipe_of(opened), as_json=as_json, as_markdown=as_markdown)
            return
        importance = None
        if is_importance_model(opened):
            from .inspect_importance import described, print_importance  # noqa: PLC0415

            importance = described(model, against)
            if not as_json:
                print_importance(importance, selection, model=opened, as_markdown=as_markdown)
                return
        if importance is None and against is not None:
            raise ValueError(f"{opened.path}: --against is for importance matrices, and this is a model")
        shown = selection.shown_columns(TENSOR_COLUMNS, DEFAULT_COLUMNS)
        require_some(selection, ((each.name, each.layer, each.role) for each in opened.tensors.values()))
        if as_json:
            _print_json(opened, selection, {} if importance is None else {"importance": importance})
        else:
            show(lambda screen: _render(screen, opened, selection, shown, table=table), markdown=as_markdown)


def _print_json(model: Model, selection: Selection, beside: dict[str, Any]) -> None:
    """Everything; tensors and columns as they were asked for, and then what was asked for, too."""
    rows = tensor_rows(model)
    if selection.any:
        rows = selection.rows(rows)
        beside = {"selection": selection.to_json()} | beside
    if selection.columns is not None:
        rows = [{column: row[column] for column in selection.columns} for row in rows]
    print_out(json.dumps(to_json(model, rows) | beside, indent=1, allow_nan=False))


def _render(screen: Screen, model: Model, selection: Selection, columns: list[str], *, table: bool) -> None:
    if selection.any:
        render_head(screen, model)
    else:
        render_overview(screen, model)
    if table or selection.any:
        screen.blank()
        render_tensors(screen, selection.rows(tensor_rows(model)), selection, columns)
    elif model.tensors:
        screen.blank()
        screen.line(f"--table shows the {counted(len(model.tensors), 'tensor')}, --role ROLE those of a role")
