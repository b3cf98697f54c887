"""Whether a diff keeps its limits, and the tensors that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..report.content.diff_words import labels
from ..text.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..diffs.diff_document import DiffDocument
    from ..diffs.limits import Limits, Offender
    from .screen import Screen

_MOST_OFFENDERS = 100  # lines


def render_verdict(screen: Screen, document: DiffDocument, limits: Limits, beyond: Sequence[Offender]) -> None:
    """The limits, and whoever is beyond them."""
    if not limits.any:
        return
    screen.blank()
    if not beyond:
        screen.line(Text.assemble(("within the limits: ", "bold green"), f"{_limits_text(limits)}, in every tensor"))
        return
    title, *lines = offender_lines(document, beyond)
    screen.line(Text.assemble((title, "bold red"), f" ({_limits_text(limits)})"))
    for line in lines:
        screen.line(f"  {line}", hang=2)


def offender_lines(document: DiffDocument, beyond: Sequence[Offender]) -> Iterator[str]:
    """How many tensors are beyond the limits, and each with the reason; nothing where none is. To be escaped."""
    if not beyond:
        return
    yield f"beyond the limits: {counted(len(beyond), 'tensor')}"
    names = labels(document) if len(document.models) > 1 else [None]
    for offender in beyond[:_MOST_OFFENDERS]:
        of = f"{names[offender.model]}: " if names[offender.model] is not None else ""
        yield f"{of}{offender.name} {offender.why}"
    if len(beyond) > _MOST_OFFENDERS:
        yield f"and {len(beyond) - _MOST_OFFENDERS} more"


def _limits_text(limits: Limits) -> str:
    parts = ["the same bytes"] if limits.identical else []
    parts += [f"NMSE at most {limits.max_nmse:g}, {100 * limits.max_nmse:g} %"] if limits.max_nmse is not None else []
    parts += [f"cosine at least {limits.min_cosine:g}"] if limits.min_cosine is not None else []
    return ", ".join(parts)
