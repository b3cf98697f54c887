"""The terminal view of what stands out: a sentence for every kind with findings, a line for all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..runtime.standouts.wording import absence, kind_sentence, not_looked_for, telling
from ..text.escape import escape
from ..text.numbers import counted
from ..validation.standouts import check_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..runtime.standout_document import StandoutKind
    from ..validation.standouts import StandoutCheck
    from .screen import Screen

_MOST = 10  # kinds that are told; the report has them all
_LONGEST = 400  # characters of a sentence


def render_standouts(screen: Screen, kinds: Sequence[StandoutKind], most: int = _MOST) -> None:
    """A sentence for each of the first kinds with findings, and a line on the others; that alone where none has any."""
    glyphs = screen.glyphs
    told = telling(kinds)
    rest = " ".join(filter(None, (absence(kinds, named=False), *not_looked_for(kinds, named=False))))
    if not told:
        label = "what stands out: "
        screen.line(Text.assemble((label, "bold"), (escape(rest), "dim")))
        return
    screen.heading("what stands out")
    for record in told[:most]:
        _print_item(screen, glyphs.cut(f"{record.title}: {kind_sentence(record)}", _LONGEST))
    if len(told) > most:
        _print_item(screen, f"and {counted(len(told) - most, 'more kind')}, see the report", "dim")
    if rest:
        screen.line(rest, "dim")


def render_checks(screen: Screen, checks: Sequence[StandoutCheck]) -> None:
    """Whether a trace has the findings of an analysis, kind by kind."""
    glyphs = screen.glyphs
    screen.heading("what stands out, and what the trace confirms")
    for check in checks:
        line = f"{check.title}: {check_sentence(check)}"
        _print_item(screen, glyphs.cut(line, _LONGEST))


def _print_item(screen: Screen, text: str, style: str = "") -> None:
    """A sentence behind a dot, its lines below each other."""
    screen.line(f"{screen.glyphs.dot} {text}", style, hang=2)
