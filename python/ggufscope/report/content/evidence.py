"""What stands behind a verdict, in pairs of a label and a text, for every output that explains one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.wording import percent_change
from ..markdown.tables import interval, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.verdicts.findings import Finding

_ANSWERS = {True: "holds", False: "does not hold", None: "not evaluated"}


def evidence_pairs(finding: Finding) -> Iterator[tuple[str, str]]:
    """Why the verdict is what it is, the numbers, and the checks it went through; plain text."""
    original, found = finding.original_rule, finding.evidence
    yield "why", finding.why
    yield f"the study's own rule ({original.rule})", f"{number(original.value)}, {_ANSWERS[original.holds]}"
    if found.tau is not None:
        yield "Kendall's τ over depth", f"{found.tau:.2f}"
    if found.interval is not None:
        yield found.interval_of, interval(found.interval) if finding.id == "H6" else _confidence(found.interval)
    for name, value in (found.details or {}).items():
        yield name, number(value)
    if finding.quantizer is not None:
        check = finding.quantizer
        without = f"; without its effect {number(check.counterfactual_value)}, {_ANSWERS[check.counterfactual_holds]}"
        yield "quantizer", check.status + (without if check.counterfactual_value is not None else "")
    yield "parametrization", _gauge_text(finding)
    if finding.remark:
        yield "remark", finding.remark


def _confidence(ends: tuple[float, float]) -> str:
    return f"{interval(ends, '.3g')} (95 %)"


def _gauge_text(finding: Finding) -> str:
    if finding.gauge_invariant:
        return "indifferent to it"
    check = finding.gauge
    if check is None or check.value is None:
        return f"not tested{f': {check.note}' if check else ''}"
    value = f"rank {check.value:g}" if finding.id == "H6" else f"{percent_change(check.value)} for {check.product}"
    return f"{value}, {_ANSWERS[bool(check.holds)]} ({check.note})"
