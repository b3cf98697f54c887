"""The verdict on a file: of `check`, or else by its rules that the statistics of a profile are enough for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...checks.findings import SEVERITIES
from ...checks.of_profiles import verdict_of
from ...text.numbers import counted
from .health_lines import HealthLine
from .words import Own

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...checks.check_document import CheckDocument
    from ...checks.findings import Finding
    from ...profiles.profile_result import Profile

_TOLD = {
    "nan",
    "infinite",
    "scale",
    "zeros",
    "constant",
    "factors",
}  # rules whose facts the health lines have, tensor by tensor
_LONGEST_LIST = 3  # findings


def verdict_lines(profile: Profile) -> Iterator[HealthLine]:
    """The verdict in a line, then what the health lines do not have; nothing for a profile without tensors."""
    if not profile.tensors:
        return
    verdict = verdict_of(profile)
    asked = f"{verdict.n_rules} of {verdict.n_all} rules; `check` asks all"
    if profile.coverage != 1:
        yield HealthLine("bad", Own(f"none: not all of the weights were scanned ({asked})"))
    else:
        yield _verdict(verdict.counts, "sound as far as statistics tell", asked)
    yield from _findings(verdict.findings)


def check_lines(document: CheckDocument) -> Iterator[HealthLine]:
    """The verdict of a check in a line, then the gravest findings that the health lines do not have."""
    n_notes = document.counts["note"]
    notes = f", {counted(n_notes, 'note')}" if n_notes else ""
    sound = f"sound: no errors, no warnings{notes}"
    yield _verdict(document.counts, sound, f"{len(document.rules)} rules of `check`")
    yield from _findings(document.findings)


def _verdict(counts: Mapping[str, int], sound: str, asked: str) -> HealthLine:
    numbers = ", ".join(counted(counts[each], each) for each in _GRAVE if counts[each])
    if counts["error"]:
        return HealthLine("bad", Own(f"not sound: {numbers} ({asked})"))
    if counts["warning"]:
        return HealthLine("odd", Own(f"no errors, but look: {numbers} ({asked})"))
    return HealthLine("good", Own(f"{sound} ({asked})"))


_GRAVE = tuple(severity for severity in SEVERITIES if severity != "note")


def _findings(findings: Sequence[Finding]) -> Iterator[HealthLine]:
    """The first grave findings, and how many more there are."""
    grave = [each for each in findings if each.severity in _GRAVE]
    told = [each for each in grave if each.rule in _TOLD]
    shown = [each for each in grave if each.rule not in _TOLD][:_LONGEST_LIST]
    for finding in shown:
        yield HealthLine("bad" if finding.severity == "error" else "odd", f"{finding.rule}: {finding.sentence}")
    n_more = len(grave) - len(told) - len(shown)
    if n_more:
        yield HealthLine("odd", Own(f"{counted(n_more, 'finding')} more: `ggufscope check` lists them"))
