"""Registries of kinds of things that stand out, and the search for all of them.

A kind is a module with one function, registered with its title and its definition:

    @SEEN.kind("sink", "Attention sinks", "Heads whose mean attention on the first token …")
    def find(seen: Seen) -> Found: ...

It returns all that it finds, the most striking first, or raises `NotApplicableError` with the reason why it cannot
look. Documents, terminal, reports, charts and tables follow from the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ...architecture.limits import NotApplicableError
from ..standout_document import MOST_ITEMS, LayerSeries, Standout, StandoutKind

Input = TypeVar("Input")


@dataclass(frozen=True)
class Found:
    """The outcome of a search for one kind.

    Attributes:
        items: the findings, the most striking first.
        series: quantities for charts, by name, whether something was found or not.
        summary: see `StandoutKind`.
        n_found: the number of all findings; None: as many as `items`.
        seen_on: the sequences on which they were seen, where whoever searches does not say.
    """

    items: Sequence[Standout] = ()
    series: Mapping[str, LayerSeries] = field(default_factory=dict)
    summary: str | None = None
    n_found: int | None = None
    seen_on: str | None = None


@dataclass(frozen=True)
class Kind(Generic[Input]):
    """A registered kind; see `StandoutKind` for title and definition."""

    name: str
    title: str
    definition: str
    find: Callable[[Input], Found]

    def search(self, source: Input, seen_on: str | None) -> StandoutKind:
        """Look for it."""
        try:
            found = self.find(source)
        except NotApplicableError as reason:
            return self.not_applicable(str(reason), seen_on)
        items = list(found.items)
        n_found = len(items) if found.n_found is None else found.n_found
        return StandoutKind(
            kind=self.name,
            title=self.title,
            definition=self.definition,
            items=items[:MOST_ITEMS],
            n_found=n_found,
            summary=found.summary,
            seen_on=found.seen_on or seen_on,
            series=dict(found.series),
        )

    def not_applicable(self, reason: str, seen_on: str | None = None) -> StandoutKind:
        """The record of a search that cannot be made."""
        return StandoutKind(self.name, self.title, self.definition, [], 0, not_applicable=reason, seen_on=seen_on)


class Kinds(Generic[Input]):
    """Kinds that are looked for in inputs of one form, by name, in the order of their registration."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind[Input]] = {}

    def kind(
        self, name: str, title: str, definition: str
    ) -> Callable[[Callable[[Input], Found]], Callable[[Input], Found]]:
        """Register a function Input → Found as the search for the kind of this name."""

        def register(function: Callable[[Input], Found]) -> Callable[[Input], Found]:
            self._kinds[name] = Kind(name, title, definition, function)
            return function

        return register

    def __iter__(self) -> Iterator[Kind[Input]]:
        return iter(self._kinds.values())

    def search(self, source: Input, seen_on: str | None = None) -> list[StandoutKind]:
        """Look for every kind.

        Args:
            source: the input.
            seen_on: see `StandoutKind`.
        """
        return [kind.search(source, seen_on) for kind in self]

    def not_applicable(self, reason: str) -> list[StandoutKind]:
        """The records of searches of which none can be made, for one reason."""
        return [kind.not_applicable(reason) for kind in self]
