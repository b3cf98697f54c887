"""What stands out, in sentences: of every kind the most striking, and in a line what was not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..standout_document import StandoutKind


def kind_sentence(record: StandoutKind) -> str:
    """The findings of a kind in a sentence: their summary, else the most striking one; "" where there are none."""
    if record.summary is not None:
        return record.summary
    if not record.items:
        return ""
    more = f" ({record.n_found} of them)" if record.n_found > 1 else ""
    return record.items[0].sentence + more


def telling(kinds: Iterable[StandoutKind]) -> list[StandoutKind]:
    """The kinds that have findings."""
    return [record for record in kinds if record.n_found]


def absence(kinds: Sequence[StandoutKind], *, named: bool = True) -> str:
    """The kinds without findings in a line; "" where all have some, or none was looked for.

    Args:
        kinds: all of them.
        named: whether the line names them.
    """
    looked_for = [record for record in kinds if record.not_applicable is None]
    empty = [record for record in looked_for if not record.n_found]
    if not empty:
        return ""
    titles = ", ".join(_lowered(record.title) for record in empty)
    if len(empty) == len(looked_for):
        return f"None of {counted(len(empty), 'kind')} was found{f' ({titles})' if named else ''}."
    return f"None of {counted(len(empty), 'other kind')}{f': {titles}' if named else ''}."


def not_looked_for(kinds: Iterable[StandoutKind], *, named: bool = True) -> list[str]:
    """Reason after reason, with the kinds that were not looked for because of it; `named` as for `absence`."""
    reasons: dict[str, list[str]] = {}
    for record in kinds:
        if record.not_applicable is not None:
            reasons.setdefault(record.not_applicable, []).append(_lowered(record.title))
    return [f"Not looked for: {_which(titles, named)} ({reason})." for reason, titles in reasons.items()]


def _which(titles: list[str], named: bool) -> str:
    return ", ".join(titles) if named or len(titles) == 1 else counted(len(titles), "kind")


def _lowered(title: str) -> str:
    """A title within a sentence."""
    return title[:1].lower() + title[1:]
