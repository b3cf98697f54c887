"""`ggufscope diff`."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from ..diffs import Diff
from ..diffs import diff as compare
from ..diffs.limits import Limits, offenders
from ..diffs.rows import tensor_rows
from ..diffs.run_choice import RunChoice
from ..errors import DiffError, ExitCode, SwappedError
from ..inputs.naming import resolved
from ..models.selection import Selection
from ..report.content.results import ReportData
from ..report.packages import require_charts
from ..saving.files import atomic_write
from ..saving.guard import Guard
from ..terminal.console import show
from .completion import complete_model_or_result
from .diff_profiles import are_profiles, show_profiles
from .diff_screen import diff_bar, print_diff_json, render_models, shown_columns
from .options import (
    MODEL_HELP,
    ColumnsOption,
    ForceOption,
    JsonOption,
    LayersOption,
    MarkdownOption,
    RoleOption,
    SortOption,
    TensorsOption,
    ThreadsOption,
    TopOption,
    WindowOption,
    output_file,
)


def diff(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REFERENCE",
            help=f"The model to hold others against: {MODEL_HELP}",
            autocompletion=complete_model_or_result,
        ),
    ],
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...", help="One that was made from it, or several.", autocompletion=complete_model_or_result
        ),
    ],
    *,
    output: Annotated[Path | None, output_file("Save the diff as JSON, too.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the diff as a page with charts, too.")
    ] = None,
    max_nmse: Annotated[
        float | None,
        typer.Option(
            "--max-nmse", metavar="X", help="Exit code 1 if the NMSE of a tensor is above X, as 0.01 for 1 %."
        ),
    ] = None,
    min_cosine: Annotated[
        float | None,
        typer.Option("--min-cosine", metavar="X", help="Exit code 1 if the cosine of a tensor is below X."),
    ] = None,
    identical: Annotated[
        bool, typer.Option("--identical", help="Exit code 1 unless all tensors are the same bytes.")
    ] = False,
    kv: Annotated[bool, typer.Option("--kv", help="Show the metadata that differ, key by key.")] = False,
    table: Annotated[bool, typer.Option("--table", help="Show the table of all tensors, too.")] = False,
    stored: Annotated[
        bool,
        typer.Option("--stored", help="Of the blocks as they are, without the factors beside NVFP4, BitNet or FP8."),
    ] = False,
    imatrix: Annotated[
        Path | None,
        typer.Option(
            "--imatrix", metavar="FILE", help="An importance matrix of the reference: weigh errors by it, too."
        ),
    ] = None,
    run: Annotated[
        bool,
        typer.Option("--run", help="Let both models read a text, too: output errors, drift, KL divergence."),
    ] = False,
    text: Annotated[
        Path | None, typer.Option("--text", metavar="FILE", help="With --run: a text; default: a neutral one.")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option("--prompts", metavar="FILE", help="With --run: a file of prompts.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="With --run: output errors over each token, not over sums of tokens.")
    ] = False,
    coarse_reference: Annotated[
        bool,
        typer.Option("--coarse-reference", help="Compare with a reference of fewer bits than the model, too."),
    ] = False,
    threads: ThreadsOption = None,
    window: WindowOption = None,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    tensors: TensorsOption = None,
    layers: LayersOption = None,
    role: RoleOption = None,
    sort: SortOption = None,
    top: TopOption = None,
    columns: ColumnsOption = None,
    force: ForceOption = False,
) -> ExitCode:
    """What a model lost against the one it was made from: errors of all tensors, layers and roles.

    Reads all of the files once. A selection of tensors, layers or roles compares these alone; with --sort, --top or
    --columns, --json prints these tensors in place of the diff. Of two saved profiles it tells what statistics can.
    Exit code 0: within the limits, if any; 1: a tensor beyond one of them; 3: a file that is no model, or models that
    cannot be compared.
    """
    selection = Selection.of(tensors=tensors, layers=layers, role=role, sort=sort, top=top, columns=columns)
    limits = Limits(max_nmse, min_cosine, identical)
    if as_json and (table or kv):
        raise ValueError("--json has all tensors and metadata: --table and --kv are for the screen")
    shown = shown_columns(selection)
    if html is not None:
        require_charts()
    choice = _run_choice(run=run, text=text, prompts=prompts, exact=exact)
    inputs = [resolved(name) for name in (reference, *models)]
    guard = Guard([*inputs, *filter(None, (imatrix, text, prompts))], force=force)
    guard.check(*filter(None, (output, html)))
    if are_profiles(inputs):
        _refuse_what_needs_weights(limits.any, kv, stored, imatrix, run)
        show_profiles(
            inputs,
            output,
            html,
            as_json=as_json,
            as_markdown=as_markdown,
            table=table,
            selection=selection,
            guard=guard,
        )
        return ExitCode.FINE
    with _saved(output, html, guard) as save:
        with diff_bar(run=run) as (progress, run_progress), _way_out_of_a_swap():
            made = compare(
                inputs[0],
                *inputs[1:],
                importance=imatrix,
                tensors=tensors or (),
                layers=layers,
                roles=role or (),
                stored=stored,
                threads=threads,
                progress=progress,
                run=choice or False,
                run_progress=run_progress,
                coarse_reference=coarse_reference,
            )
        rows = [selection.rows(tensor_rows(model)) for model in made.models] if table or selection.any else []
        save(made)
    beyond = offenders(made.document, limits)
    if as_json:
        print_diff_json(made, selection, beyond)
    else:
        show(
            lambda screen: render_models(screen, made, rows, shown, selection, kv=kv, limits=limits, beyond=beyond),
            markdown=as_markdown,
        )
    return ExitCode.NEGATIVE if beyond else ExitCode.FINE


def _refuse_what_needs_weights(*asked: object) -> None:
    """Raise a ValueError for anything that was asked of profiles and that they cannot tell."""
    if any(each not in {None, False} for each in asked):
        raise ValueError("limits, --kv, --stored, --imatrix and --run need the models: profiles have no weights")


@contextlib.contextmanager
def _saved(output: Path | None, html: Path | None, guard: Guard) -> Iterator[Callable[[Diff], None]]:
    """A function that saves a diff; files are opened before the work starts, so that a bad path costs no time."""
    with contextlib.ExitStack() as outputs:
        file = None if output is None else outputs.enter_context(atomic_write(output, guard=guard))
        page = None if html is None else outputs.enter_context(atomic_write(html, guard=guard))

        def save(made: Diff) -> None:
            if file is not None:
                file.write(made.to_json())
            if page is not None:
                page.write(_page(made))

        yield save


@contextlib.contextmanager
def _way_out_of_a_swap() -> Iterator[None]:
    try:
        yield
    except SwappedError as error:
        raise DiffError(f"{error} --coarse-reference compares them all the same") from None


def _run_choice(*, run: bool, text: Path | None, prompts: Path | None, exact: bool) -> RunChoice | None:
    if not run:
        if text is not None or prompts is not None or exact:
            raise ValueError("--text, --prompts and --exact say what --run reads: give --run, too")
        return None
    if text is not None and prompts is not None:
        raise ValueError("--text and --prompts exclude each other: choose one")
    return RunChoice(text=text, prompts=prompts, exact=exact)


def _page(made: Diff) -> str:
    from ..report.page.document import render_page  # noqa: PLC0415  an extra
    from ..report.report import Report  # noqa: PLC0415

    return render_page(Report(ReportData.of_diff(made)))
