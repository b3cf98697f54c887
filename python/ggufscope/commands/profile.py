"""`ggufscope profile`."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..arrays.arguments import checked_threshold
from ..inputs.naming import resolved
from ..models.model import open as open_model
from ..models.selection import Selection
from ..profiles.profile_records import ProfileSettings
from ..profiles.profile_result import Profile
from ..profiles.profiling import profile as scan
from ..report.content.results import ReportData
from ..report.content.spectra_file import written_beside
from ..report.packages import require_charts
from ..saving.files import atomic_write
from ..saving.guard import Guard
from ..spectral.choice import checked_matrices
from ..terminal.console import show
from ..terminal.profile import render_profile
from ..terminal.progress import progress_bar
from ..terminal.screen import Screen
from ..terminal.standard_output import print_out
from .options import (
    ColumnsOption,
    ForceOption,
    JsonOption,
    LayersOption,
    MarkdownOption,
    ModelArgument,
    RoleOption,
    SortOption,
    SpectraOption,
    TensorsOption,
    ThreadsOption,
    TopOption,
    WindowOption,
    output_file,
)
from .profile_asked import Asked
from .profile_selected import check_selection, show_selected, show_selection_of
from .profile_spectra import compute_spectra, print_spectra, render_spectra_of, spectra_json

if TYPE_CHECKING:
    from ..spectral import Spectra


def profile(
    model: ModelArgument,
    *,
    output: Annotated[
        Path | None,
        output_file("Save the profile as JSON, too; spectra beside it, as spectra.json or NAME.spectra.json."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the profile as a page with charts, too.")
    ] = None,
    threads: ThreadsOption = None,
    window: WindowOption = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Without histogram, row and column norms and code statistics.")
    ] = False,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
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
    spectra: SpectraOption = None,
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

    Reads all of the model once; with --tensors, --layers or --role, and nothing to save, only these tensors. --json
    prints the profile or, of a selection, its tensors; with --spectra, the singular values. What -o and --html save is
    always whole.
    """
    selection = Selection.of(tensors=tensors, layers=layers, role=role, sort=sort, top=top, columns=columns)
    settings = ProfileSettings(fast, checked_threshold(sparsity_threshold), stored)
    asked = Asked(selection, settings, threads, as_json, as_markdown, reproducible, spectra)
    check_selection(selection)
    if html is not None:
        require_charts()
    if spectra is not None:
        checked_matrices(spectra)
    model = resolved(model)
    guard = Guard([model], force=force)
    beside = None if output is None or spectra is None else written_beside(output)
    guard.check(*filter(None, (output, beside, html)))
    with open_model(model) as opened, contextlib.ExitStack() as outputs:
        check_selection(selection, opened)
        if selection.narrows and not (output or html or hashed):
            show_selected(opened, asked)
            return
        # Opened before the work starts, so that a bad path costs no time.
        file = None if output is None else outputs.enter_context(atomic_write(output, guard=guard))
        file_beside = None if beside is None else outputs.enter_context(atomic_write(beside, guard=guard))
        page = None if html is None else outputs.enter_context(atomic_write(html, guard=guard))
        with progress_bar("profiling") as progress:
            scanned = scan(
                opened, threads, fast, sparsity_threshold, progress, keep_vectors=False, hash=hashed, stored=stored
            )
        values = compute_spectra(opened, asked)
        if file is not None:
            file.write(scanned.to_json(reproducible))
        if file_beside is not None and values is not None:
            file_beside.write(spectra_json(values, reproducible))
        if page is not None:
            page.write(_page(scanned, values))
    if values is not None and as_json:
        print_spectra(values, asked)
    elif selection.any:
        show_selection_of(scanned, asked, values)
    elif as_json:
        print_out(scanned.to_json(reproducible).rstrip("\n"))
    else:
        show(lambda screen: _render(screen, scanned, values, selection), markdown=as_markdown)


def _render(screen: Screen, profile: Profile, spectra: "Spectra | None", selection: Selection) -> None:
    render_profile(screen, profile)
    render_spectra_of(screen, spectra, selection)


def _page(profile: Profile, spectra: "Spectra | None") -> str:
    from ..report.page.document import render_page  # noqa: PLC0415  an extra
    from ..report.report import Report  # noqa: PLC0415

    return render_page(Report(ReportData.of(profile, spectra=spectra)))
