"""`ggufscope trace`."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ..inputs.naming import resolved
from ..runtime import Trace, TraceInterrupted
from ..runtime import trace as run_trace
from ..runtime.engines.engine import ENGINES
from ..runtime.measuring.capture import POINTS
from ..saving.files import atomic_write
from ..saving.guard import Guard
from ..terminal.console import show
from ..terminal.progress import share_bar
from ..terminal.standard_output import print_out
from ..terminal.trace import announce_plan, render_trace
from .completion import choices
from .options import (
    ForceOption,
    JsonOption,
    MarkdownOption,
    ModelArgument,
    ThreadsOption,
    WindowOption,
    output_file,
    probe_option,
    seed_option,
)
from .reading_options import USUAL_ENGINE, EngineOption, MaxNewTokensOption, PromptsOption, TemplateOption

_ENGINES_HELP = "; ".join(f"{name}: {engine.summary}" for name, engine in ENGINES.items())


def trace(
    model: ModelArgument,
    *,
    output: Annotated[Path | None, output_file("Write the trace here, as JSON.")] = None,
    prompts: PromptsOption = None,
    text: Annotated[
        Path | None, typer.Option("--text", metavar="FILE", help="Read this text in place of prompts.")
    ] = None,
    probe: Annotated[str | None, probe_option("Read a probe, which nobody has to write, in place of prompts.")] = None,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", metavar="FILE", help="Read these token ids in place of prompts.")
    ] = None,
    template: TemplateOption = "auto",
    engine: EngineOption = USUAL_ENGINE,
    ablate: Annotated[
        list[str] | None,
        typer.Option(
            "--ablate",
            metavar="WEIGHT",
            help="Count a weight as zero: blk.11.ffn_down.weight[507,1229] (row, column); repeat for more.",
        ),
    ] = None,
    max_new_tokens: MaxNewTokensOption = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="NAME",
            help=f"Store raw activations beside FILE, as .npz; repeat: {', '.join(POINTS)}.",
            autocompletion=choices(*POINTS),
        ),
    ] = None,
    seed: Annotated[int, seed_option("Of the draws of a probe and of --induction.")] = 0,
    induction: Annotated[
        bool,
        typer.Option("--induction", help="Read random tokens twice in a row, too: which heads look for what followed?"),
    ] = False,
    threads: ThreadsOption = None,
    window: WindowOption = None,
    hashed: Annotated[bool, typer.Option("--hash", help="SHA-256 of the whole files, too.")] = False,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    force: ForceOption = False,
) -> None:
    """Activations while the model reads prompts, and its answers, scored.

    Attention entropy of every head, sizes and shares of what flows through every layer (docs/trace.md), then a greedy
    answer to each prompt. With Ctrl-C among the answers, what was measured is still written.
    """
    if keep and output is None:
        raise ValueError("--keep stores activations beside the trace: say where with -o FILE")
    if keep and output is not None and output.suffix == ".npz":
        raise ValueError(f"{output} would be both the trace and its activations: choose another ending")
    kept = None if output is None or not keep else output.with_suffix(".npz")
    model = resolved(model)
    guard = Guard([model, prompts, text, tokens], force=force)
    guard.check(*filter(None, (output, kept)))
    with contextlib.ExitStack() as stack:
        file = None if output is None else stack.enter_context(atomic_write(output, guard=guard))
        with share_bar() as progress:
            traced, interrupted = _run(
                lambda: run_trace(
                    model,
                    prompts=prompts,
                    text=text,
                    probe=probe,
                    tokens=tokens,
                    template=template,
                    engine=engine,
                    ablate=ablate or (),
                    max_new_tokens=max_new_tokens,
                    keep=keep or (),
                    keep_path=kept,
                    force=force,
                    threads=threads,
                    seed=seed,
                    induction=induction,
                    hash=hashed,
                    announce=announce_plan if sys.stderr.isatty() else None,
                    progress=progress,
                )
            )
        if file is not None:
            file.write(traced.to_json())
    if interrupted is not None:
        raise interrupted
    if as_json:
        print_out(traced.to_json().rstrip("\n"))
    else:
        show(lambda screen: render_trace(screen, traced.document), markdown=as_markdown)


def _run(work: Callable[[], Trace]) -> tuple[Trace, TraceInterrupted | None]:
    """The trace, and the interruption that cut its answers short."""
    try:
        return work(), None
    except TraceInterrupted as stopped:
        return stopped.trace, stopped
