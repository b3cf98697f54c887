"""`ggufscope demo`."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from ..models.demo import demo_model
from ..report.writing import chosen_formats
from ..studies import study
from ..terminal.console import show
from ..terminal.profile import render_profile
from ..terminal.standard_output import print_out
from ..terminal.written import say_what_is_missing, written_line
from ..text.escape import escape
from .options import ForceOption, FreshOption, ThreadsOption, output_directory
from .study_screen import StudyScreen, show_study

INTRODUCTION = """\
stories260K: a small trained model that comes along and tells stories for children. All that
follows is measured on it; it goes on with a story where the prompts ask a question.
"""
CLOSING = """\
The model of this demo is {model}
The same on your own:  ggufscope study model.gguf -o results"""


def demo(
    *,
    output: Annotated[
        Path | None,
        output_directory("Keep everything here; default: a new temporary directory."),
    ] = None,
    threads: ThreadsOption = None,
    fresh: FreshOption = False,
    force: ForceOption = False,
) -> None:
    """A study of the small trained model that comes along, from its weights to what it does when it reads.

    Takes less than half a minute. Ends with the path of the report.
    """
    say_what_is_missing(chosen_formats()[1])
    model = demo_model()
    with _directory(output) as directory, StudyScreen(heading=INTRODUCTION) as screen:
        studied = study(model, directory, threads=threads, fresh=fresh, force=force, **screen.callbacks())
    profile = studied.profile
    print_out("\nIts weights:\n")
    if profile is not None:
        show(lambda console: render_profile(console, profile))
    print_out("\nAll of it:\n")
    show_study(studied)
    print_out(f"\n{written_line(studied.files('report'))}\n{CLOSING.format(model=escape(model))}")


@contextlib.contextmanager
def _directory(output: Path | None) -> Iterator[Path]:
    """The directory to work in: the one asked for, or a new one, which goes again if the work fails."""
    if output is not None:
        yield output
        return
    temporary = Path(tempfile.mkdtemp(prefix="ggufscope-demo-"))
    try:
        yield temporary
    except KeyboardInterrupt:
        shutil.rmtree(temporary, ignore_errors=True)
        raise KeyboardInterrupt from None  # of what the study says that it kept, nothing is left
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
