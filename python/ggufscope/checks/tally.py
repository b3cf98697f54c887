"""The findings of a check as they come in: all of them counted, the first ones of each rule kept."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .findings import Finding
    from .registry import Rule

MOST_OF_A_RULE = 100  # findings in a document


class Tally:
    """Counts findings, and keeps so many of each rule that a document stays short.

    Args:
        rules: in the order in which their findings are listed.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._severities = {severity: place for place, severity in enumerate(SEVERITIES)}
        self._rules = {each.name: place for place, each in enumerate(rules)}
        self._counts, self._of_rule = Counter[str](), Counter[str]()
        self._listed: list[Finding] = []

    def add(self, findings: Iterable[Finding]) -> None:
        """Take the findings of one rule or of several."""
        for each in findings:
            self._counts[each.severity] += 1
            self._of_rule[each.rule] += 1
            if self._of_rule[each.rule] <= MOST_OF_A_RULE:
                self._listed.append(each)

    def told(self) -> dict[str, Any]:
        """What a document has of them: the findings, the gravest first, and the numbers of all."""
        unlisted = {rule: n - MOST_OF_A_RULE for rule, n in self._of_rule.items() if n > MOST_OF_A_RULE}
        return {
            "findings": sorted(self._listed, key=self._order),
            "counts": {severity: self._counts[severity] for severity in SEVERITIES},
            "unlisted": {rule: unlisted[rule] for rule in self._rules if rule in unlisted},
        }

    def _order(self, finding: Finding) -> tuple[int, int]:
        # The first violation of a file that cannot be read is told whichever rules were chosen.
        return self._severities[finding.severity], self._rules.get(finding.rule, -1)
