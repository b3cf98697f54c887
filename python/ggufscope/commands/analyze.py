"""`ggufscope analyze`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..analysis.analysis_result import FILES, PROFILE_JSON, Analysis
from ..analysis.analyzing import analyze_with
from ..analysis.presets.registry import PRESETS
from ..analysis.settings import USUAL_OPENING, WEIGHT_NAMES, make_settings
from ..arrays.arguments import thread_count
from ..inputs.naming import resolved
from ..models.magic import is_gguf
from ..report.content.reading import analysis_in
from ..report.writing import begin_drawing, chosen_formats, file_names, write_report
from ..saving.directories import usable_directory
from ..saving.guard import Guard
from ..terminal.analysis import render_analysis
from ..terminal.console import show
from ..terminal.progress import progress_bar
from ..terminal.standard_output import print_out
from ..terminal.trace import announce_plan
from ..terminal.written import say_what_is_missing, say_written
from .completion import choices, complete_model_or_result
from .index_options import NormOption, ScaleOption, WeightsOption
from .options import (
    MODEL_HELP,
    ForceOption,
    JsonOption,
    MarkdownOption,
    OpeningOption,
    ThreadsOption,
    WindowOption,
    output_directory,
    probe_option,
)

_WEIGHTS_HELP = (
    f"Of the index: {','.join(f'{name}=1' for name in WEIGHT_NAMES)}, or a TOML file of such keys. What is not named"
    " weighs nothing."
)


def analyze(
    source: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help=f"A saved profile, a Phase 1 weight profile, or a model: {MODEL_HELP}",
            autocompletion=complete_model_or_result,
        ),
    ],
    *,
    output: Annotated[
        Path | None,
        output_directory("Write the report here: page, Markdown, charts, JSON."),
    ] = None,
    weights: WeightsOption = None,
    norm: NormOption = "mean",
    scale: ScaleOption = "minmax",
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help=f"This one alone: {', '.join(PRESETS)}. Default: all that fit.",
            autocompletion=choices(*PRESETS),
        ),
    ] = None,
    probe: Annotated[str | None, probe_option("Run the model on a probe in place of propagation.")] = None,
    opening: OpeningOption = USUAL_OPENING,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Count each super weight found as zero, and see what that does.")
    ] = False,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    threads: ThreadsOption = None,
    window: WindowOption = None,
    force: ForceOption = False,
) -> None:
    """Static analysis: a risk index per layer, six hypotheses, and what each finding is worth.

    Exit code 0, whatever the verdicts: they are about premises, not about the health of the file.
    """
    # Wrong choices cost no time.
    settings = make_settings(weights, norm, scale, preset, seed=0, probe=probe, opening=opening, ablate=ablate)
    source = resolved(source)
    guard = Guard([source, weights], force=force)
    formats: list[str] = []
    in_place = output is not None and _is_profile_of(source, output)
    if output is not None:
        formats, missing = chosen_formats()
        say_what_is_missing(missing)
        names = [name for name in FILES if not (in_place and name == PROFILE_JSON)]
        usable_directory(output, [*names, *file_names(formats)], guard)
    with begin_drawing(formats, thread_count(threads)) as drawing:
        with progress_bar("analysing") as progress:
            announce = announce_plan if sys.stderr.isatty() else None
            analysis = analyze_with(settings, source, threads=threads, progress=progress, announce=announce)
        written: list[Path] = []
        if output is not None:
            saved = Analysis(analysis.document) if in_place else analysis
            saved.save(output, markdown=False, guard=guard)  # the report brings its own Markdown, with charts
            data = analysis_in(output, analysis.as_saved())
            written = write_report(data, output, formats, guard, drawing=drawing)
    if as_json:
        print_out(analysis.to_json().rstrip("\n"))
        return
    show(lambda screen: render_analysis(screen, analysis.document), markdown=as_markdown)
    if written:
        say_written(written, beside=as_markdown)


def _is_profile_of(source: str, directory: Path) -> bool:
    """Whether what is analysed is the profile of that directory, which stands where it would be written."""
    profile = directory / PROFILE_JSON
    return os.path.exists(source) and profile.exists() and os.path.samefile(source, profile) and not is_gguf(source)
