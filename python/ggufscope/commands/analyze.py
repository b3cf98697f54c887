"""`ggufscope analyze`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ..analysis.analysis_result import FILES, PROFILE_JSON, Analysis
from ..analysis.analyzing import analyze_with
from ..analysis.presets.registry import NORMS, PRESETS, SCALES
from ..analysis.settings import WEIGHT_NAMES, make_settings
from ..report.content.results import ReportData
from ..report.writing import chosen_formats, file_names, write_report
from ..saving.directories import usable_directory
from ..saving.files import print_out
from ..saving.guard import Guard
from ..terminal.analysis import render_analysis
from ..terminal.console import show
from ..terminal.progress import progress_bar
from ..terminal.written import say_what_is_missing, written_line
from .options import ForceOption

_WEIGHTS_HELP = (
    f"Of the index: {','.join(f'{name}=1' for name in WEIGHT_NAMES)}, or a TOML file of such keys. What is not named"
    " weighs nothing."
)


def analyze(
    source: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A GGUF model, a saved profile, or a Phase 1 weight profile.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write the report here: page, Markdown, charts, JSON."),
    ] = None,
    weights: Annotated[str | None, typer.Option("--weights", metavar="W", help=_WEIGHTS_HELP)] = None,
    norm: Annotated[str, typer.Option("--norm", help=f"Scale of a gain vector: {' or '.join(NORMS)}.")] = "mean",
    scale: Annotated[str, typer.Option("--scale", help=f"Of a component: {' or '.join(SCALES)}.")] = "minmax",
    preset: Annotated[
        str | None, typer.Option("--preset", help=f"This one alone: {', '.join(PRESETS)}. Default: all that fit.")
    ] = None,
    probe: Annotated[
        int | None,
        typer.Option("--probe", metavar="N", help="Run the model on N random tokens in place of propagation."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a summary.")] = False,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="At most so many; default: the cores at hand.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Static analysis: a risk index per layer, six hypotheses, and what each finding is worth.

    Exit code 0, whatever the verdicts: they are about premises, not about the health of the file.
    """
    settings = make_settings(weights, norm, scale, preset, seed=0, probe=probe)  # wrong choices cost no time
    guard = Guard([source, weights], force=force)
    formats: list[str] = []
    in_place = output is not None and _same_file(source, output / PROFILE_JSON)  # the profile stands where it belongs
    if output is not None:
        formats, missing = chosen_formats()
        say_what_is_missing(missing)
        names = [name for name in FILES if not (in_place and name == PROFILE_JSON)]
        usable_directory(output, [*names, *file_names(formats)], guard)
    with progress_bar("analysing") as progress:
        found = analyze_with(settings, source, threads=threads, progress=progress)
    written: list[Path] = []
    if output is not None:
        saved = Analysis(found.document) if in_place else found
        saved.save(output, markdown=False, guard=guard)  # the report brings its own Markdown, with charts
        written = write_report(ReportData.of_analysis_in(output, found.as_saved()), output, formats, guard)
    if as_json:
        print_out(found.to_json().rstrip("\n"))
        return
    show(lambda console: render_analysis(console, found.document))
    if written:
        print_out(f"\n{written_line(written)}")


def _same_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and os.path.samefile(one, other)
