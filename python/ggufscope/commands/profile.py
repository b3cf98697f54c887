"""`ggufscope profile`."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..arrays.fields import kinds
from ..inputs.naming import resolved
from ..models.model import open as open_model
from ..models.selection import Selection
from ..profiles.profile_result import Profile
from ..profiles.profiling import profile as scan
from ..profiles.rows import Row, flat
from ..profiles.selected import profile_selected
from ..report.content.results import ReportData
from ..report.packages import require_charts
from ..saving.files import atomic_write
from ..saving.guard import Guard
from ..terminal.console import show
from ..terminal.inspection import render_head as render_model_head
from ..terminal.profile import render_head, render_profile, render_reading
from ..terminal.progress import progress_bar
from ..terminal.standard_output import print_out
from ..terminal.tensors import DEFAULT_COLUMNS, FACTORS, render_tensors
from .options import (
    ColumnsOption,
    ForceOption,
    JsonOption,
    LayersOption,
    ModelArgument,
    RoleOption,
    SortOption,
    TensorsOption,
    ThreadsOption,
    TopOption,
    WindowOption,
    output_file,
)

_OF_ALL = ("name", "type", "shape")  # columns that every table of tensors has, one without rows, too


def profile(
    model: ModelArgument,
    *,
    output: Annotated[Path | None, output_file("Save the profile as JSON, too.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the profile as a page with charts, too.")
    ] = None,
    threads: ThreadsOption = None,
    window: WindowOption = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Without histogram, row and column norms and code statistics.")
    ] = False,
    as_json: JsonOption = False,
    stored: Annotated[
        bool,
        typer.Option("--stored", help="Of the blocks as they are, without the factors beside NVFP4, BitNet or FP8."),
    ] = False,
    hashed: Annotated[
        bool, typer.Option("--hash", help="SHA-256 of the whole files, too, as sha256sum has it and hubs publish it.")
    ] = False,
    reproducible: Annotated[
        bool, typer.Option("--reproducible", help="Leave time, threads and version out of the JSON.")
    ] = False,
    sparsity_threshold: Annotated[
        float, typer.Option("--sparsity-threshold", metavar="X", help="Magnitude under which a weight is sparse.")
    ] = 1e-6,
    tensors: TensorsOption = None,
    layers: LayersOption = None,
    role: RoleOption = None,
    sort: SortOption = None,
    top: TopOption = None,
    columns: ColumnsOption = None,
    force: ForceOption = False,
) -> None:
    """Statistics of every parameter: soundness, then layers and roles, or the tensors selected.

    Reads all of the model once; with --tensors, --layers or --role, and nothing to save, only these tensors. The JSON
    always holds the whole profile.
    """
    selection = Selection.of(tensors=tensors, layers=layers, role=role, sort=sort, top=top, columns=columns)
    by_tensor = selection.filters or selection.columns is not None
    if as_json and by_tensor:
        raise ValueError("--json prints the whole profile; a selection of tensors is for the table")
    if html is not None:
        require_charts()
    model = resolved(model)
    guard = Guard([model], force=force)
    guard.check(*filter(None, (output, html)))
    if selection.narrows and not (output or html or hashed):
        _show_selected(model, selection, threads, fast, sparsity_threshold, stored=stored)
        return
    with open_model(model) as opened, contextlib.ExitStack() as outputs:
        # Opened before the work starts, so that a bad path costs no time.
        file = None if output is None else outputs.enter_context(atomic_write(output, guard=guard))
        page = None if html is None else outputs.enter_context(atomic_write(html, guard=guard))
        with progress_bar("profiling") as progress:
            scanned = scan(
                opened, threads, fast, sparsity_threshold, progress, keep_vectors=False, hash=hashed, stored=stored
            )
        rows, shown = _select(scanned.tensors.values(), selection) if by_tensor else ([], [])
        if file is not None:
            file.write(scanned.to_json(reproducible))
        if page is not None:
            page.write(_page(scanned))
    if as_json:
        print_out(scanned.to_json(reproducible).rstrip("\n"))
    elif by_tensor:
        show(lambda console: _render_selected(console, scanned, rows, shown, selection))
    else:
        show(lambda console: render_profile(console, scanned))


def _page(profile: Profile) -> str:
    from ..report.page.document import render_page  # noqa: PLC0415  an extra
    from ..report.report import Report  # noqa: PLC0415

    return render_page(Report(ReportData.of(profile)))


def _show_selected(
    name: str, selection: Selection, threads: int | None, fast: bool, sparsity_threshold: float, *, stored: bool
) -> None:
    """Read the tensors of a selection alone, and show them."""
    with open_model(name) as model:
        chosen = [each for each in model.tensors.values() if selection.matches(each.name, each.layer, each.role)]
        with progress_bar("profiling") as progress:
            read = profile_selected(
                model,
                chosen,
                threads=threads,
                fast=fast,
                sparsity_threshold=sparsity_threshold,
                progress=progress,
                stored=stored,
            )
        rows, shown = _select(read.rows.values(), selection)

        def render(console: Any) -> None:
            render_model_head(console, model)
            factors = any(tensor.kind == "factor" for tensor in model.tensors.values())
            n_tensors = len(model.tensors)
            render_reading(console, read, n_tensors=n_tensors, fast=fast, stored=stored, factors=factors)
            console.print()
            render_tensors(console, rows, shown, selection.filters, selection.top)

        show(render)


def _select(tensors: Iterable[Row], selection: Selection) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows and the columns to show."""
    table = [flat(row) for row in tensors]
    available = dict.fromkeys(name for row in table or [dict.fromkeys(_OF_ALL)] for name in row)
    available |= dict.fromkeys(kinds())  # also those that none of the tensors has
    chosen = {column for row in selection.rows(table) for column, value in row.items() if value is not None}
    default = [column for column in DEFAULT_COLUMNS if column in available]
    default += [column for column in FACTORS if column in chosen]
    if selection.sort in available and selection.sort not in default:
        default.append(selection.sort)
    return selection.rows(table), selection.shown_columns(available, default)


def _render_selected(
    console: Any, profile: Profile, rows: list[dict[str, Any]], columns: list[str], selection: Selection
) -> None:
    render_head(console, profile)
    console.print()
    render_tensors(console, rows, columns, selection.filters, selection.top)
