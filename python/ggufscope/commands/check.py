"""`ggufscope check`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ..checks import RULES, Check
from ..checks import check as check_model
from ..checks.sarif import sarif_text
from ..errors import ExitCode
from ..inputs.naming import is_remote, resolved, shown_name
from ..saving.files import atomic_write
from ..saving.guard import Guard
from ..terminal.check import render_check, render_checks, render_rule
from ..terminal.console import show
from ..terminal.progress import progress_bar
from ..terminal.standard_output import print_out
from ..text.names import base_name
from .completion import complete_model, loaded_choices
from .options import MODEL_HELP, ForceOption, JsonOption, MarkdownOption, ThreadsOption, WindowOption, output_file


def check(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL...", help=f"Models, each: {MODEL_HELP}", autocompletion=complete_model),
    ] = None,
    *,
    output: Annotated[Path | None, output_file("Save the verdict as JSON, too; for one model.")] = None,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Write the findings as SARIF, for code hosts.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", metavar="FILE", help="Write the digests of all files and tensors; for one model."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="A manifest: what changed, and where; of an importance matrix its model: what it covers.",
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            metavar="RULE",
            help="Only this rule, or these: 'zero*'.",
            autocompletion=loaded_choices(lambda: RULES),
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore", metavar="RULE", help="Not this rule, or these.", autocompletion=loaded_choices(lambda: RULES)
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain",
            metavar="RULE",
            help="What a rule finds, why, and what to do.",
            autocompletion=loaded_choices(lambda: RULES),
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings, too, end with exit code 1.")] = False,
    threads: ThreadsOption = None,
    window: WindowOption = None,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    force: ForceOption = False,
) -> ExitCode:
    """Whether model files are what they claim and sound, and if not, exactly where.

    Reads all of each file once. Exit code 0: sound; 1: an error was found (with --strict a warning, too); 3: a file
    that cannot be read as a model.
    """
    if explain is not None:
        _explain(explain, as_markdown=as_markdown)
        return ExitCode.FINE
    if not models:
        raise ValueError("name a model to check, or a rule to --explain")
    if len(models) > 1 and (output or manifest or against):
        raise ValueError("-o, --manifest and --against are for one model; --json prints the verdicts on several")
    names = [resolved(name) for name in models]
    against = None if against is None else resolved(against)
    inputs = [*names, *filter(None, [against])]
    guard = Guard(inputs, force=force)
    guard.check(*filter(None, (output, sarif, manifest)))
    for name in inputs:  # what is no file is told before the first of many is read
        if not is_remote(name):
            os.stat(name)
    verdicts = []
    for name in names:
        with progress_bar(base_name(shown_name(name))) as progress:
            verdict = check_model(
                name,
                select=select or (),
                ignore=ignore or (),
                manifest=manifest is not None,
                against=against,
                threads=threads,
                progress=progress,
            )
        verdicts.append(verdict)
    if output is not None:
        verdicts[0].save(output, guard=guard)
    if manifest is not None and verdicts[0].manifest is not None:
        verdicts[0].manifest.save(manifest, guard=guard)
    if sarif is not None:
        with atomic_write(sarif, guard=guard) as file:
            file.write(sarif_text([verdict.document for verdict in verdicts]))
    _show(verdicts, as_json=as_json, as_markdown=as_markdown)
    return _exit_code(verdicts, strict=strict)


def _show(verdicts: list[Check], *, as_json: bool, as_markdown: bool) -> None:
    documents = [verdict.document for verdict in verdicts]
    if as_json:
        print_out(_json([verdict.to_json().rstrip("\n") for verdict in verdicts]))
    elif len(documents) == 1:
        show(lambda screen: render_check(screen, documents[0]), markdown=as_markdown)
    else:
        show(lambda screen: render_checks(screen, documents), markdown=as_markdown)


def _exit_code(verdicts: list[Check], *, strict: bool) -> ExitCode:
    """The gravest of the verdicts."""
    if not all(verdict.document.readable for verdict in verdicts):
        return ExitCode.INPUT
    grave = ("error", "warning") if strict else ("error",)
    found = any(verdict.document.counts[severity] for verdict in verdicts for severity in grave)
    return ExitCode.NEGATIVE if found else ExitCode.FINE


def _json(texts: list[str]) -> str:
    """One document, or a list of several."""
    return texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]"


def _explain(name: str, *, as_markdown: bool) -> None:
    rule = RULES.get(name)
    if rule is None:
        raise ValueError(f"there is no rule {name!r}; there are {', '.join(RULES)}")
    show(lambda screen: render_rule(screen, rule), markdown=as_markdown)
