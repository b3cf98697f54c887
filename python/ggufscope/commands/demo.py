"""`ggufscope demo`."""

import contextlib
import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from .. import GGUFError
from ..analysis import analyze
from ..analysis.result import FILES, REPORT_JSON, REPORT_MARKDOWN
from ..errors import OutputError
from ..escape import escape
from ..model import open as open_model
from ..output import print_out
from ..output_directory import usable_directory
from ..profiles import Profile
from ..report.analysis_terminal import render_analysis
from ..report.console import show
from ..report.terminal import render_profile
from ..scan import profile as scan
from ..synth import make_plan, write_plan

MODEL = "tiny.gguf"
PROFILE = "profile.json"


def demo(
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Keep model, profile and analysis here.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="At most so many; default: the cores at hand.")
    ] = None,
) -> None:
    """The whole path on a small synthetic model: make it, profile it, analyse it, show what is in it.

    Without --output everything happens in a temporary directory.
    """
    with _directory(output) as directory:
        model, saved = directory / MODEL, directory / PROFILE
        plan = make_plan("tiny")
        write_plan(plan, model)
        found = scan(model, threads)
        found.save(saved)
        analysis = analyze(model, threads=threads)
        analysis.save(directory)
    print_out("A small SYNTHETIC model: random weights in the shape of a language model, not a trained one.\n")
    show(lambda console: render_profile(console, found))
    print_out("\nAnd what the static analysis makes of it:\n")
    show(lambda console: render_analysis(console, analysis.document))
    print_out(_epilog(output))


def _epilog(output: Path | None) -> str:
    if output is None:
        return "\nThe same on your own model:  ggufscope analyze model.gguf"
    kept = escape(output)
    names = ", ".join((MODEL, PROFILE, REPORT_JSON, REPORT_MARKDOWN))
    return f"\nKept in {kept}: {names}\nTry:  ggufscope inspect {kept}/{MODEL}"


@contextlib.contextmanager
def _directory(output: Path | None) -> Iterator[Path]:
    """The directory to work in: the one asked for, or one that is removed at the end."""
    if output is None:
        with tempfile.TemporaryDirectory(prefix="ggufscope-demo-") as temporary:
            yield Path(temporary)
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(error.errno, error.strerror, str(output)) from error
    for path, written_here in ((output / MODEL, _is_synthetic), (output / PROFILE, _is_profile)):
        if path.exists() and not written_here(path):
            raise OutputError(errno.EEXIST, "exists and is not from ggufscope; choose another directory", str(path))
    usable_directory(output, FILES)
    yield output


def _is_synthetic(path: Path) -> bool:
    with contextlib.suppress(GGUFError, OSError), open_model(path) as model:
        return model.synthetic
    return False


def _is_profile(path: Path) -> bool:
    with contextlib.suppress(GGUFError, ValueError, OSError):
        Profile.load(path)
        return True
    return False
