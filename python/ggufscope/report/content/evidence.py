"""The evidence behind a verdict, in pairs of a label and a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.score_words import in_words, score_words
from ...analysis.wording import percent_change
from .cells import interval, number
from .words import Own, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.verdicts.findings import Finding

_ANSWERS = {True: Own("holds"), False: Own("does not hold"), None: Own("not evaluated")}


def evidence_pairs(finding: Finding) -> Iterator[tuple[Words, Words]]:
    """The reason for the verdict, its numbers, and the checks it went through."""
    original, evidence = finding.original_rule, finding.evidence
    yield Own("why"), in_words(finding.why)
    yield (
        own("the study's own rule ({})", original.rule),
        own("{}, {}", number(original.value), _ANSWERS[original.holds]),
    )
    if evidence.tau is not None:
        yield Own("Kendall's τ over depth"), Own(f"{evidence.tau:.2f}")
    if evidence.interval is not None:
        ends = evidence.interval
        yield evidence.interval_of, interval(ends) if finding.id == "H6" else own("{} (95 %)", interval(ends, ".3g"))
    for name, value in (evidence.details or {}).items():
        yield score_words(name), number(value)
    if finding.quantizer is not None:
        yield Own("quantizer"), _quantizer(finding)
    parametrization = _parametrization(finding)
    if parametrization is not None:
        yield Own("parametrization"), parametrization
    if finding.remark:
        yield Own("remark"), in_words(finding.remark)


def _quantizer(finding: Finding) -> Words:
    check = finding.quantizer
    if check is None or check.counterfactual_value is None:
        return check.status if check else ""
    without = number(check.counterfactual_value)
    return own("{}; without its effect {}, {}", check.status, without, _ANSWERS[check.counterfactual_holds])


def _parametrization(finding: Finding) -> Words | None:
    """The outcome on the invariant product; None where it was not tried, which is no evidence."""
    check = finding.gauge
    if finding.gauge_invariant:
        return Own("indifferent to it")
    if check is None or (check.value is None and not check.decides):
        return None
    if check.value is None:
        return own("{}", check.note)
    rank = own("rank {:g}", check.value)
    value = rank if finding.id == "H6" else own("{} for {}", Own(percent_change(check.value)), check.product or "")
    return own("{}, {} ({})", value, _ANSWERS[bool(check.holds)], check.note)
