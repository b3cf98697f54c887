"""`ggufscope demo`."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from ..models.demo import demo_model
from ..report.writing import chosen_formats
from ..studies import Study, study
from ..terminal.console import show
from ..terminal.profile import render_profile
from ..terminal.screen import Screen
from ..terminal.standard_output import print_out
from ..terminal.written import say_what_is_missing, say_written
from ..text.escape import escape
from .options import ForceOption, FreshOption, MarkdownOption, ThreadsOption, output_directory
from .study_screen import StudyScreen, render_studied

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
    as_markdown: MarkdownOption = False,
) -> None:
    """A study of the small trained model that comes along, from its weights to what it does when it reads.

    Takes less than half a minute. Ends with the path of the report.
    """
    say_what_is_missing(chosen_formats()[1])
    model = demo_model()
    with _directory(output) as directory, StudyScreen(quiet=as_markdown, heading=INTRODUCTION) as steps:
        studied = study(model, directory, threads=threads, fresh=fresh, force=force, **steps.callbacks())
    show(lambda screen: _render(screen, studied), markdown=as_markdown, elsewhere="the report has all")
    say_written(studied.files("report"), beside=as_markdown)
    if not as_markdown:
        print_out(CLOSING.format(model=escape(model)))


def _render(screen: Screen, studied: Study) -> None:
    if studied.profile is not None:
        screen.blank()
        screen.line("Its weights:")
        screen.blank()
        render_profile(screen, studied.profile)
    screen.blank()
    screen.line("All of it:")
    screen.blank()
    render_studied(screen, studied)


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
