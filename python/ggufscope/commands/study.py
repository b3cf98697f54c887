"""`ggufscope study`."""

from pathlib import Path
from typing import Annotated

import typer

from ..analysis.settings import USUAL_OPENING
from ..errors import ExitCode
from ..inputs.naming import resolved
from ..report.writing import chosen_formats
from ..runtime.reading.probes import OWN
from ..studies import study as run_study
from ..terminal.console import show
from ..terminal.standard_output import print_out
from ..terminal.written import say_what_is_missing, say_written
from .index_options import NormOption, ScaleOption, WeightsOption
from .options import (
    ForceOption,
    FreshOption,
    JsonOption,
    MarkdownOption,
    ModelArgument,
    OpeningOption,
    SpectraOption,
    ThreadsOption,
    WindowOption,
    output_directory,
    probe_option,
    seed_option,
)
from .reading_options import USUAL_ENGINE, EngineOption, MaxNewTokensOption, PromptsOption, TemplateOption
from .study_screen import StudyScreen, render_studied


def study(
    model: ModelArgument,
    *,
    output: Annotated[Path, output_directory("Where everything is written, and found again.")],
    no_trace: Annotated[bool, typer.Option("--no-trace", help="Profile, analysis and report alone.")] = False,
    prompts: PromptsOption = None,
    template: TemplateOption = "auto",
    engine: EngineOption = USUAL_ENGINE,
    max_new_tokens: MaxNewTokensOption = None,
    probe: Annotated[str, probe_option("The probe to read beside the prompts; 0: none.")] = OWN,
    opening: OpeningOption = USUAL_OPENING,
    spectra: SpectraOption = None,
    weights: WeightsOption = None,
    norm: NormOption = "mean",
    scale: ScaleOption = "minmax",
    seed: Annotated[int, seed_option("Of all draws.")] = 0,
    threads: ThreadsOption = None,
    window: WindowOption = None,
    fresh: FreshOption = False,
    force: ForceOption = False,
    hashed: Annotated[
        bool, typer.Option("--hash", help="SHA-256 of the whole files, too; no result of others is kept.")
    ] = False,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
) -> int:
    """All of it in one directory: profile, check, analyze, trace, validate, report; what is finished is kept.

    The same command again goes on where an earlier one ended, and makes again what was made with other settings. Exit
    code 3 if the model cannot be traced; what can be done without is done all the same.
    """
    say_what_is_missing(chosen_formats()[1])
    with StudyScreen(quiet=as_json or as_markdown) as screen:
        studied = run_study(
            resolved(model),
            output,
            trace=not no_trace,
            prompts=prompts,
            template=template,
            engine=engine,
            max_new_tokens=max_new_tokens,
            probe=probe,
            opening=opening,
            spectra=spectra,
            weights=weights,
            norm=norm,
            scale=scale,
            seed=seed,
            threads=threads,
            fresh=fresh,
            force=force,
            hash=hashed,
            **screen.callbacks(),
        )
    if as_json:
        print_out(studied.to_json().rstrip("\n"))
    else:
        show(lambda screen: render_studied(screen, studied), markdown=as_markdown)
        say_written(studied.files("report"), beside=as_markdown)
    return ExitCode.INPUT if studied.failures else ExitCode.FINE
