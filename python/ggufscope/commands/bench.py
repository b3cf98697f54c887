"""`ggufscope bench`."""

from typing import Annotated

import typer

from .._core import available_isas
from ..arrays.arguments import types_by_name
from ..bench import DEFAULT_TYPES, Bench, bench_model, bench_types
from ..inputs.naming import is_remote, resolved, shown_name
from ..terminal.bench import render_bench
from ..terminal.console import show
from ..terminal.progress import share_bar
from ..terminal.standard_output import print_out
from .completion import complete_model, loaded_choices
from .options import JsonOption, MarkdownOption, threads_to_use


def bench(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="A GGUF file of this machine, any file of a split model.",
            autocompletion=complete_model,
        ),
    ] = None,
    *,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help=f"A type, or all; may be repeated. Default: {', '.join(DEFAULT_TYPES)}.",
            autocompletion=loaded_choices(lambda: ["all", *types_by_name()]),
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            metavar="N",
            callback=threads_to_use,
            help="Measure 1 and N; default, and most: all cores.",
        ),
    ] = None,
    isa: Annotated[
        str | None,
        typer.Option(
            "--isa",
            metavar="ISA",
            help="Instruction set; default: GGUFSCOPE_ISA, or the best.",
            autocompletion=loaded_choices(available_isas),
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="S", help="About so long; three rounds are made in any case.")
    ] = None,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
) -> None:
    """Throughput here, against reading the same bytes: of types in memory, or of profiling a file.

    Without MODEL: every kernel on blocks made up in memory, in about 20 seconds. With MODEL: full and fast profiles of
    it. Each round of work comes right after a round of reading its bytes.
    """
    measured = _measured(model, types, threads, isa, seconds)
    if as_json:
        print_out(measured.to_json())
    else:
        show(lambda screen: render_bench(screen, measured), markdown=as_markdown)


def _measured(
    model: str | None, types: list[str] | None, threads: int | None, isa: str | None, seconds: float | None
) -> Bench:
    if model is not None and types:
        raise ValueError("--type is for blocks made up in memory; a model has its own types")
    if model is not None and is_remote(model):
        raise ValueError(f"{shown_name(model)}: only files of this machine are measured")
    with share_bar() as progress:
        if model is not None:
            return bench_model(resolved(model), threads=threads, isa=isa, seconds=seconds or 0.0, progress=progress)
        return bench_types(types or DEFAULT_TYPES, threads=threads, isa=isa, seconds=seconds, progress=progress)
