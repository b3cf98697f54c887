"""`ggufscope profile` of some tensors: read alone where nothing else is wanted, shown as a table or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..models.emptiness import require_some
from ..models.summary import ModelSummary
from ..profiles.rows import column_names, flat
from ..profiles.selected import profile_selected
from ..profiles.selected_document import selected_document, selected_json
from ..saving.plain import plain_of
from ..terminal.console import show
from ..terminal.inspection import render_head as render_model_head
from ..terminal.profile import render_head, render_reading
from ..terminal.progress import progress_bar
from ..terminal.standard_output import print_out
from ..terminal.tensors import DEFAULT_COLUMNS, FACTORS, render_tensors
from .profile_spectra import compute_spectra, print_spectra, render_spectra_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models.model import Model
    from ..models.selection import Selection
    from ..profiles.profile_result import Profile
    from ..profiles.rows import Row
    from ..profiles.selected import SelectedTensors
    from ..spectral import Spectra
    from ..terminal.screen import Screen
    from .profile_asked import Asked


def check_selection(selection: Selection, model: Model | None = None) -> None:
    """Refuse columns that there are not and, of a model, a selection of nothing, before any tensor is read.

    Raises:
        ValueError: The message says what there is.
    """
    selection.shown_columns(column_names(), DEFAULT_COLUMNS)
    if model is not None:
        require_some(selection, ((each.name, each.layer, each.role) for each in model.tensors.values()))


def show_selected(model: Model, asked: Asked) -> None:
    """Read the tensors of a selection alone, and show them."""
    selection, settings = asked.selection, asked.settings
    chosen = [each for each in model.tensors.values() if selection.matches(each.name, each.layer, each.role)]
    values = compute_spectra(model, asked, [each.name for each in chosen])
    if values is not None and asked.as_json:
        print_spectra(values, asked)
        return
    with progress_bar("profiling") as progress:
        read = profile_selected(
            model,
            chosen,
            threads=asked.threads,
            fast=settings.fast,
            sparsity_threshold=settings.sparsity_threshold,
            progress=progress,
            stored=settings.stored,
        )
    if asked.as_json:
        run = None if asked.reproducible else _run_of(read)
        _print_json(read.rows, asked, ModelSummary.of(model), run)
    else:
        show(lambda screen: _render_read(screen, model, read, asked, values), markdown=asked.as_markdown)


def show_selection_of(profile: Profile, asked: Asked, spectra: Spectra | None) -> None:
    """Show the tensors of a selection out of a whole profile."""
    if asked.as_json:
        run = None if asked.reproducible or profile.run is None else plain_of(profile.run)
        _print_json(profile.tensors, asked, profile.model, run)
    else:
        show(lambda screen: _render_of(screen, profile, asked.selection, spectra), markdown=asked.as_markdown)


def _run_of(read: SelectedTensors) -> dict[str, Any]:
    return {
        "seconds": round(read.seconds, 6),
        "n_bytes": read.n_bytes,
        "threads": read.threads,
        "isa": read.isa,
        "version": __version__,
    }


def _print_json(tensors: Mapping[str, Row], asked: Asked, model: ModelSummary, run: dict[str, Any] | None) -> None:
    document = selected_document(
        tensors, asked.selection, model=plain_of(model), settings=asked.settings.to_json(), run=run
    )
    print_out(selected_json(document))


def _render_read(screen: Screen, model: Model, read: SelectedTensors, asked: Asked, spectra: Spectra | None) -> None:
    render_model_head(screen, model)
    factors = any(tensor.kind == "factor" for tensor in model.tensors.values())
    settings = asked.settings
    render_reading(
        screen, read, n_tensors=len(model.tensors), fast=settings.fast, stored=settings.stored, factors=factors
    )
    _render_table(screen, read.rows, asked.selection)
    render_spectra_of(screen, spectra, asked.selection)


def _render_of(screen: Screen, profile: Profile, selection: Selection, spectra: Spectra | None) -> None:
    render_head(screen, profile)
    _render_table(screen, profile.tensors, selection)
    render_spectra_of(screen, spectra, selection)


def _render_table(screen: Screen, tensors: Mapping[str, Row], selection: Selection) -> None:
    rows = selection.rows([flat(row) for row in tensors.values()])
    screen.blank()
    render_tensors(screen, rows, _columns(rows, selection), selection.filters, selection.top)


def _columns(rows: list[dict[str, Any]], selection: Selection) -> list[str]:
    """The columns to show: those asked for, or the usual ones, factors where there are some, and the one sorted by."""
    with_values = {column for row in rows for column, value in row.items() if value is not None}
    default = [*DEFAULT_COLUMNS, *(column for column in FACTORS if column in with_values)]
    if selection.sort is not None and selection.sort not in default:
        default.append(selection.sort)
    return selection.shown_columns(column_names(), default)
