"""`ggufscope validate`."""

from pathlib import Path
from typing import Annotated

import typer

from ..analysis.analysis_result import REPORT_JSON
from ..saving.directories import usable_directory
from ..saving.guard import Guard
from ..terminal.console import show
from ..terminal.progress import share_bar
from ..terminal.standard_output import print_out
from ..terminal.validation import render_validation
from ..validation import validate as run_validation
from ..validation.validation_result import FILES
from .options import ForceOption, JsonOption, MarkdownOption, output_directory, seed_option


def validate(
    analysis: Annotated[
        Path, typer.Argument(metavar="ANALYSIS", help="analysis-report.json, or the directory that holds it.")
    ],
    trace: Annotated[Path, typer.Argument(metavar="TRACE", help="A saved trace of the same model.")],
    *,
    output: Annotated[
        Path | None,
        output_directory(f"Write {', '.join(FILES)} here."),
    ] = None,
    probe: Annotated[
        Path | None,
        typer.Option("--probe", metavar="FILE", help="A trace of a probe (trace --probe) to compare with."),
    ] = None,
    seed: Annotated[int, seed_option("Of resamples and shuffles.")] = 0,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    force: ForceOption = False,
) -> None:
    """Predicted against measured, beside plain baselines, and the index's weights fitted to answers.

    Exit code 0, whatever comes out: that a prediction is no better than a baseline is a result. The model is not
    needed. weights.toml is for `ggufscope analyze --weights`.
    """
    guard = Guard([analysis, analysis / REPORT_JSON, trace, probe], force=force)
    if output is not None:
        usable_directory(output, FILES, guard)
    with share_bar() as progress:
        validation = run_validation(analysis, trace, probe=probe, seed=seed, progress=progress)
    if output is not None:
        validation.save(output, guard=guard)
    if as_json:
        print_out(validation.to_json().rstrip("\n"))
    else:
        show(lambda screen: render_validation(screen, validation.document), markdown=as_markdown)
