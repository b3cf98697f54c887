"""`ggufscope study`."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from ..errors import ExitCode
from ..report.writing import chosen_formats
from ..runtime import Plan
from ..studies import Study
from ..studies import study as run_study
from ..studies.choices import PROBE_TOKENS
from ..studies.study_document import FAILED, Step
from ..terminal.console import show
from ..terminal.progress import share_bar
from ..terminal.standard_output import print_out
from ..terminal.study import render_study, step_line
from ..terminal.trace import plan_text
from ..terminal.written import say_what_is_missing, written_line
from ..text.escape import escape
from .index_options import NormOption, ScaleOption, WeightsOption
from .options import ForceOption, JsonOption, ModelArgument, ThreadsOption, output_directory, probe_option, seed_option
from .reading_options import USUAL_ENGINE, EngineOption, MaxNewTokensOption, PromptsOption, TemplateOption

if TYPE_CHECKING:
    from ..runtime.engines.engine import Progress


def study(
    model: ModelArgument,
    *,
    output: Annotated[Path, output_directory("Where everything is written, and found again.")],
    no_trace: Annotated[bool, typer.Option("--no-trace", help="Profile, analysis and report alone.")] = False,
    prompts: PromptsOption = None,
    template: TemplateOption = "auto",
    engine: EngineOption = USUAL_ENGINE,
    max_new_tokens: MaxNewTokensOption = None,
    probe: Annotated[int, probe_option("Random tokens to read beside the prompts; 0: none.")] = PROBE_TOKENS,
    weights: WeightsOption = None,
    norm: NormOption = "mean",
    scale: ScaleOption = "minmax",
    seed: Annotated[int, seed_option("Of all draws.")] = 0,
    threads: ThreadsOption = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Remove what an earlier study left in DIR, also of another model.")
    ] = False,
    force: ForceOption = False,
    hashed: Annotated[
        bool, typer.Option("--hash", help="SHA-256 of the whole files, too; no result of others is kept.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """All of it in one directory: profile, analyze, trace, validate, report; what is finished is kept.

    The same command again goes on where an earlier one ended, and makes again what was made with other settings. Exit
    code 3 if the model cannot be traced; what can be done without is done all the same.
    """
    say_what_is_missing(chosen_formats()[1])
    with _Screen(as_json) as screen:
        studied = run_study(
            model,
            output,
            trace=not no_trace,
            prompts=prompts,
            template=template,
            engine=engine,
            max_new_tokens=max_new_tokens,
            probe=probe,
            weights=weights,
            norm=norm,
            scale=scale,
            seed=seed,
            threads=threads,
            fresh=fresh,
            force=force,
            hash=hashed,
            announce=screen.announce if sys.stderr.isatty() else None,
            progress=screen.progress if sys.stderr.isatty() else None,
            finished=screen.finished,
        )
    if as_json:
        print_out(studied.to_json().rstrip("\n"))
    else:
        _show(studied)
    return ExitCode.INPUT if studied.failures else ExitCode.FINE


class _Screen:
    """A bar while a part is made, its line when it is over."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._bars = contextlib.ExitStack()
        self._move: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.close()

    def announce(self, part: str, plan: Plan) -> None:
        print(f"{part}: {plan_text(plan)}", file=sys.stderr)

    def progress(self, what: str, share: float) -> None:
        if self._move is None:
            self._move = self._bars.enter_context(share_bar())
        if self._move is not None:
            self._move(what, share)

    def finished(self, step: Step) -> None:
        self._bars.close()
        self._move = None
        if step.state == FAILED:
            print(f"ggufscope: no {step.name}: {escape(step.reason)}", file=sys.stderr)
        if not self._as_json:
            print_out(step_line(step))


def _show(studied: Study) -> None:
    analysis, validation = studied.analysis, studied.validation
    show(
        lambda console: render_study(
            console,
            studied.document,
            None if analysis is None else analysis.document,
            None if validation is None else validation.document,
        )
    )
    print_out(f"\n{written_line(studied.files('report'))}")
