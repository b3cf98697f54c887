"""The registry of rules.

A rule is one function in a file of its own below `rules/`, which finds one kind of fault:

    @rule("nan", "error", "a weight is NaN", reads="weights", why="…", remedy="…")
    def nan(facts: Facts) -> Iterator[Fault]: ...

Its page in docs/check.md, `--explain`, `--select` and the documents take everything from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from ..text.choices import offered
from .findings import Finding, Place, Severity

if TYPE_CHECKING:
    from .facts import Facts

Reads = Literal["weights", "structure", "metadata", "files"]
GROUPS: dict[Reads, str] = {
    "weights": "Values of the weights",
    "structure": "Structure: tensors, layers, shapes and where they lie in the file",
    "metadata": "Metadata",
    "files": "Identity of the files",
}


@dataclass(frozen=True)
class Fault:
    """A finding as its rule tells it: a sentence and a place; the severity where it is not the rule's."""

    sentence: str
    place: Place = field(default_factory=Place)
    severity: Severity | None = None


@dataclass(frozen=True)
class Rule:
    """A registered rule.

    Attributes:
        name: as on the command line.
        severity: of its findings, where they do not say otherwise.
        summary: what it finds, in a few words.
        reads: what it looks at; rules that read weights are what `check` needs a pass over the data for.
        why: what such a fault does, and how it comes about.
        remedy: what to do about it.
        function: the rule itself.
        from_statistics: whether the statistics of a profile are all it asks for; places are exact with the file alone.
        of_gguf: whether it is about what lies between the tensors of a GGUF file, and says nothing of a checkpoint, of
            which the reader refuses such files.
    """

    name: str
    severity: Severity
    summary: str
    reads: Reads
    why: str
    remedy: str
    function: Callable[[Facts], Iterable[Fault]]
    from_statistics: bool = False
    of_gguf: bool = False

    def findings(self, facts: Facts) -> Iterator[Finding]:
        if self.of_gguf and facts.model.is_checkpoint:
            return
        for fault in self.function(facts):
            yield Finding(self.name, fault.severity or self.severity, fault.sentence, fault.place)


RULES: dict[str, Rule] = {}  # filled when `rules` is imported, which is where to take it from


def rule(
    name: str,
    severity: Severity,
    summary: str,
    *,
    reads: Reads,
    why: str,
    remedy: str,
    from_statistics: bool = False,
    of_gguf: bool = False,
) -> Callable[[Callable[[Facts], Iterable[Fault]]], Callable[[Facts], Iterable[Fault]]]:
    """Register a function Facts → faults as the rule of this name; see `Rule`."""

    def register(function: Callable[[Facts], Iterable[Fault]]) -> Callable[[Facts], Iterable[Fault]]:
        RULES[name] = Rule(name, severity, summary, reads, why, remedy, function, from_statistics, of_gguf)
        return function

    return register


def chosen_rules(rules: Mapping[str, Rule], select: Iterable[str], ignore: Iterable[str]) -> list[Rule]:
    """The rules whose names match one of `select` (all, if that is empty) and none of `ignore`; both are globs.

    Raises:
        ValueError: A pattern matches no rule.
    """
    selected, ignored = list(select), list(ignore)
    for pattern in [*selected, *ignored]:
        if not any(fnmatchcase(name, pattern) for name in rules):
            raise ValueError(f"there is no rule {pattern!r}; there are {offered(pattern, rules)}")
    return [
        each
        for name, each in rules.items()
        if (not selected or any(fnmatchcase(name, pattern) for pattern in selected))
        and not any(fnmatchcase(name, pattern) for pattern in ignored)
    ]
