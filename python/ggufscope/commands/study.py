"""`ggufscope study`."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated, Self

import typer

from ..analysis.presets.registry import NORMS, SCALES
from ..errors import ExitCode
from ..report.writing import chosen_formats
from ..runtime import Plan
from ..runtime.engines.engine import ENGINES, Progress
from ..runtime.reading.templates import CHOICES
from ..runtime.tracing import NEW_TOKENS
from ..saving.files import print_out
from ..studies import Study
from ..studies import study as run_study
from ..studies.choices import PROBE_TOKENS
from ..studies.study_document import FAILED, Step
from ..terminal.console import show
from ..terminal.progress import share_bar
from ..terminal.study import render_study, step_line
from ..terminal.trace import plan_text
from ..terminal.written import say_what_is_missing, written_line
from ..text.escape import escape
from .options import ForceOption


def study(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A GGUF file, or any file of a split model.")],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where everything is written, and found again.")
    ],
    no_trace: Annotated[bool, typer.Option("--no-trace", help="Profile, analysis and report alone.")] = False,
    prompts: Annotated[
        Path | None, typer.Option("--prompts", metavar="FILE", help="Prompts to read; default: the twenty built in.")
    ] = None,
    template: Annotated[
        str, typer.Option("--template", help=f"Form of a turn around each prompt: {', '.join(CHOICES)}.")
    ] = "auto",
    engine: Annotated[str, typer.Option("--engine", help=f"To read with: {', '.join(ENGINES)}.")] = next(iter(ENGINES)),
    max_new_tokens: Annotated[
        int | None, typer.Option("--max-new-tokens", metavar="N", help=f"To answer with; default: {NEW_TOKENS}.")
    ] = None,
    probe: Annotated[
        int, typer.Option("--probe", metavar="N", help="Random tokens to read beside the prompts; 0: none.")
    ] = PROBE_TOKENS,
    weights: Annotated[str | None, typer.Option("--weights", metavar="W", help="Of the index, as for analyze.")] = None,
    norm: Annotated[str, typer.Option("--norm", help=f"Scale of a gain vector: {' or '.join(NORMS)}.")] = "mean",
    scale: Annotated[str, typer.Option("--scale", help=f"Of a component: {' or '.join(SCALES)}.")] = "minmax",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of all draws.")] = 0,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="At most so many; default: the cores at hand.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Remove what an earlier study left in DIR, also of another model.")
    ] = False,
    force: ForceOption = False,
    hashed: Annotated[
        bool, typer.Option("--hash", help="SHA-256 of the whole files, too; no result of others is kept.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the state of the study as JSON instead.")] = False,
) -> int:
    """All of it in one directory: profile, analyze, trace, validate, report; what is finished is kept.

    The same command again goes on where an earlier one ended, and makes again what was made with other settings. Exit
    code 3 if the model cannot be traced; what can be done without is done all the same.
    """
    say_what_is_missing(chosen_formats()[1])
    with _Screen(as_json) as screen:
        found = run_study(
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
        print_out(found.to_json().rstrip("\n"))
    else:
        _show(found)
    return ExitCode.INPUT if found.failures else ExitCode.FINE


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


def _show(found: Study) -> None:
    analysis, validation = found.analysis, found.validation
    show(
        lambda console: render_study(
            console,
            found.document,
            None if analysis is None else analysis.document,
            None if validation is None else validation.document,
        )
    )
    print_out(f"\n{written_line(found.files('report'))}")
