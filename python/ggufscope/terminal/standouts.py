"""The terminal view of what stands out: a sentence for every kind with findings, a line for all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..runtime.standouts.wording import absence, kind_sentence, not_looked_for, telling
from ..text.glyphs import Glyphs
from ..text.numbers import counted
from ..validation.standouts import check_sentence
from .console import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ..runtime.standout_document import StandoutKind
    from ..validation.standouts import StandoutCheck

_MOST = 10  # kinds that are told; the report has them all
_LONGEST = 400  # characters of a sentence


def render_standouts(console: Console, kinds: Sequence[StandoutKind], most: int = _MOST) -> None:
    """A sentence for each of the first kinds with findings, and a line on the others; that alone where none has any."""
    glyphs = Glyphs.of(console.encoding)
    told = telling(kinds)
    rest = " ".join(filter(None, (absence(kinds, named=False), *not_looked_for(kinds, named=False))))
    if not told:
        label = "what stands out: "
        console.print(Text.assemble((label, "bold"), (glyphs.cut(rest, console.width - len(label)), "dim")))
        return
    console.print(Text("what stands out", "bold"))
    for record in told[:most]:
        _print_line(console, glyphs.dot, glyphs.cut(f"{record.title}: {kind_sentence(record)}", _LONGEST), "")
    if len(told) > most:
        _print_line(console, " ", f"and {counted(len(told) - most, 'more kind')}, see the report", "dim")
    if rest:
        console.print(Text(glyphs.cut(rest, console.width), "dim"))


def render_checks(console: Console, checks: Sequence[StandoutCheck]) -> None:
    """What a trace says of the findings of an analysis, kind by kind."""
    glyphs = Glyphs.of(console.encoding)
    console.print(Text("what stands out, and what the trace confirms", "bold"))
    for check in checks:
        line = f"{check.title}: {check_sentence(check)}"
        _print_line(console, glyphs.dot, glyphs.cut(line, _LONGEST), "")


def _print_line(console: Console, mark: str, text: str, style: str) -> None:
    """A sentence behind a mark, its lines below each other."""
    for number, line in enumerate(safe(text, style).wrap(console, max(10, console.width - 2))):
        line.rstrip()
        console.print(Text.assemble(f"{mark if number == 0 else ' '} ", line))
