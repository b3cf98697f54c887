"""The verdict on the weights of a profile, by the rules of `check` that statistics are enough for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...checks.findings import SEVERITIES
from ...checks.of_profiles import verdict_of
from ...text.numbers import counted
from .health_lines import HealthLine
from .words import Own

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    grave = {severity: verdict.counts[severity] for severity in SEVERITIES if severity != "note"}
    numbers = ", ".join(counted(count, severity) for severity, count in grave.items() if count)
    asked = f"{verdict.n_rules} of {verdict.n_all} rules; `check` asks all"
    if profile.coverage != 1:
        yield HealthLine("bad", Own(f"none: not all of the weights were scanned ({asked})"))
    elif grave["error"]:
        yield HealthLine("bad", Own(f"not sound: {numbers} ({asked})"))
    elif grave["warning"]:
        yield HealthLine("odd", Own(f"no errors, but look: {numbers} ({asked})"))
    else:
        yield HealthLine("good", Own(f"sound as far as statistics tell ({asked})"))
    findings = [each for each in verdict.findings if each.severity in grave and each.rule not in _TOLD]
    for finding in findings[:_LONGEST_LIST]:
        yield HealthLine("bad" if finding.severity == "error" else "odd", f"{finding.rule}: {finding.sentence}")
    if len(findings) > _LONGEST_LIST:
        yield HealthLine(
            "odd", Own(f"{counted(len(findings) - _LONGEST_LIST, 'finding')} more: `ggufscope check` lists them")
        )
