"""`ggufscope fleet`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ExitCode
from ..fleets import fleet as measure_fleet
from ..fleets.running import FleetProgress
from ..terminal.console import show
from ..terminal.fleet import render_fleet
from ..terminal.progress import named_progress_bar
from ..terminal.standard_output import print_out
from ..text.escape import escape
from ..text.names import short_name
from .options import ForceOption, JsonOption, MarkdownOption, output_directory, threads_to_use


def fleet(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL|LIST|DIR...", help="Models; text files with a name on each line; directories, walked."
        ),
    ],
    *,
    output: Annotated[Path, output_directory("Where the results go, a directory for each model.")],
    shard: Annotated[
        str | None,
        typer.Option("--shard", metavar="N/OF", help="Only this part of the models, as 3/16; parts have equal bytes."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="ADDRESS",
            help="Measure on a Dask cluster: tcp://HOST:PORT, or local:N for N processes here. Large models are cut.",
        ),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try models that failed before again.")] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Without histogram, row and column norms and code statistics.")
    ] = False,
    stored: Annotated[
        bool,
        typer.Option("--stored", help="Of the blocks as they are, without the factors beside NVFP4, BitNet or FP8."),
    ] = False,
    sparsity_threshold: Annotated[
        float, typer.Option("--sparsity-threshold", metavar="X", help="Magnitude under which a weight is sparse.")
    ] = 1e-6,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            metavar="N",
            help="At most so many for a model, or for a call on a cluster; default, and most: the cores at hand there.",
        ),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
) -> ExitCode:
    """Many models into one directory: statistics and verdicts as Parquet, resumable, in shards.

    What is there already of the same file and settings is kept. Exit code 0: all models are sound; 1: an error was
    found in one; 3: one could not be measured. ggufscope report DIR shows the shelf.
    """
    if cluster is None:
        threads = threads_to_use(threads)
    with named_progress_bar() as move:
        measured = measure_fleet(
            models,
            output,
            shard=shard,
            retry=retry,
            fast=fast,
            stored=stored,
            sparsity_threshold=sparsity_threshold,
            engine="local" if cluster is None else "dask",
            address=cluster,
            threads=threads,
            force=force,
            progress=None if move is None else _moving(move),
            notice=lambda line: print(f"ggufscope: {escape(line)}", file=sys.stderr),
        )
    if as_json:
        print_out(measured.to_json().rstrip("\n"))
    else:
        show(lambda screen: render_fleet(screen, measured.document), markdown=as_markdown)
    return measured.exit_code


def _moving(move: Callable[[str, int, int], object]) -> Callable[[FleetProgress], object]:
    """The callback that names the model at work, and moves a bar over the bytes of all models."""

    def moved(progress: FleetProgress) -> None:
        name = short_name(progress.name)
        move(f"{progress.n_done} of {progress.n_models} models: {name}", progress.bytes_done, progress.n_bytes)

    return moved
