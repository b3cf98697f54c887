"""What stands out in an analysis, beside what stands out in a trace: findings that both have, and those of one alone.

Two findings are the same where kind, layer and head are, and where the places that both name agree: numbers of
channels, neurons and tokens exactly, ranges of layers where they overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..runtime.standout_document import MOST_ITEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..runtime.standout_document import Standout, StandoutKind

_FIRST, _LAST = "first_layer", "last_layer"


@dataclass(frozen=True)
class StandoutCheck:
    """The findings of one kind, as the sentences of analysis and trace have them.

    Attributes:
        kind: its name.
        title: for the reader.
        confirmed: of the analysis, those that the trace has as well.
        unconfirmed: of the analysis, those that the trace does not have.
        beside: of the trace, those that the analysis does not have.
        reason: why the trace, or the analysis, could not look for any; None where both did.
    """

    kind: str
    title: str
    confirmed: list[str]
    unconfirmed: list[str]
    beside: list[str]
    reason: str | None = None


def check_standouts(
    analysis: Sequence[StandoutKind] | None, trace: Sequence[StandoutKind] | None
) -> list[StandoutCheck] | None:
    """The kinds that both looked for, or could have; None where one of them is from a version that did not look."""
    if analysis is None or trace is None:
        return None
    measured = {record.kind: record for record in trace}
    pairs = [(record, measured[record.kind]) for record in analysis if record.kind in measured]
    return [_check(record, other) for record, other in pairs if record.items or other.items]


def _check(analysis: StandoutKind, trace: StandoutKind) -> StandoutCheck:
    confirmed = [item for item in analysis.items if _is_among(item, trace.items)]
    beside = [item for item in trace.items if not _is_among(item, analysis.items)]
    unconfirmed = [item for item in analysis.items if not _is_among(item, trace.items)]
    return StandoutCheck(
        kind=analysis.kind,
        title=analysis.title,
        confirmed=[item.sentence for item in confirmed],
        unconfirmed=[item.sentence for item in unconfirmed],
        beside=[item.sentence for item in beside],
        reason=_reason(analysis, trace),
    )


def _reason(analysis: StandoutKind, trace: StandoutKind) -> str | None:
    if trace.not_applicable is not None:
        return f"the trace could not look: {trace.not_applicable}"
    if analysis.not_applicable is not None:
        return f"the analysis could not look: {analysis.not_applicable}"
    for record, name in ((analysis, "analysis"), (trace, "trace")):
        if record.n_found > len(record.items):
            return f"the {name} found {record.n_found} and keeps {MOST_ITEMS}"
    return None


def _is_among(item: Standout, others: Sequence[Standout]) -> bool:
    return any(same_finding(item, other) for other in others)


def same_finding(one: Standout, other: Standout) -> bool:
    """Whether two findings are of the same thing."""
    if (one.kind, one.layer, one.head) != (other.kind, other.layer, other.head):
        return False
    shared = (one.place.keys() & other.place.keys()) - {_FIRST, _LAST}
    return all(one.place[name] == other.place[name] for name in shared) and _overlap(one.place, other.place)


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Whether ranges of layers have a layer in common; true where one of them has no range."""
    if not all({_FIRST, _LAST} <= place.keys() for place in (one, other)):
        return True
    return one[_FIRST] <= other[_LAST] and other[_FIRST] <= one[_LAST]


def check_sentence(check: StandoutCheck) -> str:
    """A check in a sentence, behind its title."""
    n_found = len(check.confirmed) + len(check.unconfirmed)
    parts = []
    if n_found:
        parts.append(f"the trace confirms {len(check.confirmed)} of {n_found}")
    if check.beside:
        parts.append(f"{'and ' if n_found else 'the trace '}has {len(check.beside)} {'more' if n_found else 'alone'}")
    return " ".join(parts) + (f" ({check.reason})" if check.reason else "")
