"""The verdict that a profile alone allows: the rules that ask for statistics and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ..profiles.health import Health
from .facts import Facts, TensorFacts, contents_of
from .findings import SEVERITIES, Finding, Place
from .rules import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models.model import Model
    from ..models.tensor import Tensor
    from ..profiles.profile_result import Profile
    from .facts import Contents
    from .locating import Test


@dataclass(frozen=True)
class ProfileVerdict:
    """The findings that a profile allows.

    Attributes:
        findings: of rules that statistics are enough for, the gravest first.
        counts: of them, by severity.
        n_rules: how many rules were asked.
        n_all: how many `check` asks.
    """

    findings: list[Finding]
    counts: dict[str, int]
    n_rules: int
    n_all: int


def verdict_of(profile: Profile) -> ProfileVerdict:
    """Ask the rules for which the statistics of a profile are enough."""
    rules = [rule for rule in RULES.values() if rule.from_statistics]
    facts = _ProfileFacts.of(profile)
    findings = [finding for rule in rules for finding in rule.findings(facts)]
    findings += [
        Finding("factors", "error", f"a factor of 0, NaN or Inf beside {row.name}", Place(tensor=row.name))
        for row in Health.of(profile).unusable_factors
    ]
    counts = Counter(finding.severity for finding in findings)
    ordered = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    return ProfileVerdict(ordered, {each: counts[each] for each in SEVERITIES}, len(rules), len(RULES))


class _RowFacts(TensorFacts):
    """A row of a profile in place of a tensor and its statistics: it has both, and no bytes."""

    @property
    def reserved(self) -> None:
        return None


@dataclass(frozen=True, eq=False)
class _ProfileFacts(Facts):
    """The rows of a profile; places in them are tensors, for there is no file to look at."""

    kind: Contents = "model"

    @classmethod
    def of(cls, profile: Profile) -> _ProfileFacts:
        rows = [_RowFacts(cast("Tensor", row), row) for row in profile.tensors.values()]
        model = profile.model
        kind = contents_of(model.general_type, model.architecture, model.n_tensors)
        return cls(cast("Model", model), threads=1, tensors=list(rows), kind=kind)

    @property
    def contents(self) -> Contents:
        return self.kind

    def at_tensor(self, tensor: Tensor, **more: Any) -> Place:
        return Place(tensor=tensor.name, **more)

    def at_element(self, tensor: Tensor, element: int | None, **more: Any) -> Place:
        return Place(tensor=tensor.name, element=element, **more)

    def first_element(self, facts: TensorFacts, test: Test, experts: Sequence[int] = ()) -> None:
        """Nothing: which element it is, the file tells."""
