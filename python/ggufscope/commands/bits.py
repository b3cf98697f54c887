"""`ggufscope bits`."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from ..arrays.arguments import types_by_name
from ..diffs.budgets import bits as choose_types
from ..diffs.budgets.budget import parse_budget
from ..diffs.budgets.constraints import parse_keep
from ..inputs.naming import resolved
from ..saving.files import atomic_write
from ..saving.guard import Guard
from ..terminal.bits import render_bits
from ..terminal.console import show
from ..terminal.progress import share_bar
from ..terminal.standard_output import print_out
from .completion import comma_choices, complete_model
from .options import ForceOption, JsonOption, MarkdownOption, ThreadsOption, WindowOption, output_file


def bits(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE",
            help="A GGUF file whose weights count as exact: F32, F16 or BF16.",
            autocompletion=complete_model,
        ),
    ],
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...", help="Files of the same model in other types.", autocompletion=complete_model
        ),
    ] = None,
    *,
    budget: Annotated[
        str, typer.Option("--budget", metavar="SIZE", help="4.8bpw, bits per weight, or 5.2GB, the size of the file.")
    ],
    types: Annotated[
        str | None,
        typer.Option(
            "--types",
            metavar="LIST",
            help="Types that ggml makes, too, as Q4_K,Q5_K,Q6_K (extra runtime).",
            autocompletion=comma_choices(types_by_name),
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="NAME=TYPE", help="A tensor or role that keeps a type, as output=Q6_K."),
    ] = None,
    imatrix: Annotated[
        Path | None, typer.Option("--imatrix", metavar="FILE", help="An importance matrix of the reference.")
    ] = None,
    threads: ThreadsOption = None,
    window: WindowOption = None,
    output: Annotated[Path | None, output_file("Save everything as JSON, too.")] = None,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    force: ForceOption = False,
) -> None:
    """Which type each tensor should have, so that a model of a size costs the least, as llama-quantize options.

    Types are those of the given files, and those of --types. The cost of a type is what the error of this one tensor
    does to the answers, as far as it can be predicted.
    """
    asked, kept = parse_budget(budget), parse_keep(keep or [])
    made = [name for name in (types or "").split(",") if name.strip()]
    if not models and not made:
        raise ValueError("there is nothing to choose from: name a MODEL in other types, or --types for ggml to make")
    inputs = [resolved(name) for name in (reference, *(models or []))]
    guard = Guard([*inputs, imatrix], force=force)
    guard.check(*filter(None, [output]))
    with contextlib.ExitStack() as outputs:
        # Opened before the work starts, so that a bad path costs no time.
        file = None if output is None else outputs.enter_context(atomic_write(output, guard=guard))
        with share_bar() as progress:
            found = choose_types(
                inputs[0],
                *inputs[1:],
                budget=asked,
                types=made,
                keep=kept,
                imatrix=imatrix,
                threads=threads,
                progress=progress,
            )
        if file is not None:
            file.write(found.to_json())
    if as_json:
        print_out(found.to_json().rstrip("\n"))
    else:
        show(lambda screen: render_bits(screen, found.document), markdown=as_markdown)
