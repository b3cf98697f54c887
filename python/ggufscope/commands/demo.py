"""`ggufscope demo`."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from ..analysis import analyze
from ..analysis.analysis_result import FILES
from ..arrays.arguments import thread_count
from ..report.content.results import ReportData
from ..report.writing import chosen_formats, file_names, write_report
from ..saving.directories import usable_directory
from ..saving.guard import Guard
from ..synth import make_plan, write_plan
from ..terminal.analysis import render_analysis
from ..terminal.console import show
from ..terminal.profile import render_profile
from ..terminal.standard_output import print_out
from ..terminal.written import say_what_is_missing, written_line
from .options import ForceOption, ThreadsOption, output_directory

MODEL = "tiny.gguf"


def demo(
    *,
    output: Annotated[
        Path | None,
        output_directory("Keep everything here; default: a new temporary directory."),
    ] = None,
    threads: ThreadsOption = None,
    force: ForceOption = False,
) -> None:
    """The whole path on a small synthetic model: make it, analyse it, show what is in it, write the report.

    Ends with the path of the report.
    """
    thread_count(threads)  # wrong usage makes no directory
    formats, missing = chosen_formats()
    say_what_is_missing(missing)
    guard = Guard(force=force, replaces_models=True)
    with _directory(output, formats, guard) as directory:
        model = directory / MODEL
        write_plan(make_plan("tiny"), model, force=force)
        analysis = analyze(model, threads=threads)
        analysis.save(directory, markdown=False, guard=guard)  # the report brings its own Markdown, with charts
        written = write_report(ReportData.of(analysis.as_saved()), directory, formats, guard)
    print_out("A small SYNTHETIC model: random weights in the shape of a language model, not a trained one.\n")
    profile = analysis.profile
    if profile is not None:
        show(lambda console: render_profile(console, profile))
    print_out("\nAnd what the static analysis makes of it:\n")
    show(lambda console: render_analysis(console, analysis.document))
    print_out(f"\n{written_line(written)}\nThe same on your own model:  ggufscope analyze model.gguf -o results")


@contextlib.contextmanager
def _directory(output: Path | None, formats: Sequence[str], guard: Guard) -> Iterator[Path]:
    """The directory to work in: the one asked for, or a new one, which goes again if the work fails."""
    if output is not None:
        usable_directory(output, [MODEL, *FILES, *file_names(formats)], guard)
        yield output
        return
    temporary = Path(tempfile.mkdtemp(prefix="ggufscope-demo-"))
    try:
        yield temporary
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
