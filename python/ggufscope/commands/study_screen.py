"""The screen of a study: a bar for the part at work, a line for each that is over, then what came out."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Self

from ..studies.study_document import FAILED
from ..terminal.progress import share_bar
from ..terminal.standard_output import print_out
from ..terminal.study import render_study, step_line
from ..terminal.trace import plan_text
from ..text.escape import escape

if TYPE_CHECKING:
    from ..runtime import Plan
    from ..runtime.engines.engine import Progress
    from ..studies import Study
    from ..studies.study_document import Step
    from ..terminal.screen import Screen


class StudyScreen:
    """A bar while a part is made, its line when it is over.

    Args:
        quiet: leave out the lines, as standard output is for something else.
        heading: printed before the first line; a study that is refused has none.
    """

    def __init__(self, *, quiet: bool = False, heading: str | None = None) -> None:
        self._quiet = quiet
        self._heading = heading
        self._bars = contextlib.ExitStack()
        self._move: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.close()

    def callbacks(self) -> dict[str, Any]:
        """The functions that `ggufscope.study` is to call, by its arguments; without a terminal nothing moves."""
        moving = sys.stderr.isatty()
        return {
            "announce": self._announce if moving else None,
            "progress": self._progress if moving else None,
            "finished": self._finished,
        }

    def _announce(self, part: str, plan: Plan) -> None:
        print(f"{part}: {plan_text(plan)}", file=sys.stderr)

    def _progress(self, what: str, share: float) -> None:
        if self._move is None:
            self._move = self._bars.enter_context(share_bar())
        if self._move is not None:
            self._move(what, share)

    def _finished(self, step: Step) -> None:
        self._bars.close()
        self._move = None
        if step.state == FAILED:
            print(f"ggufscope: no {step.name}: {escape(step.reason)}", file=sys.stderr)
        if self._quiet:
            return
        if self._heading is not None:
            print_out(self._heading)
            self._heading = None
        print_out(step_line(step))


def render_studied(screen: Screen, studied: Study) -> None:
    """What came out, on one screen."""
    analysis, validation = studied.analysis, studied.validation
    render_study(
        screen,
        studied.document,
        None if analysis is None else analysis.document,
        None if validation is None else validation.document,
    )
