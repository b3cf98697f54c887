"""Findings as a list, by kind and in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from ...saving.frames import arrays_of
from ...saving.tables import DataColumn

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from ..standout_document import Standout, StandoutKind


class Standouts(Sequence["Standout"]):
    """The findings in a model, in order: those of a kind together, the most striking first.

    Attributes:
        kinds: the record of every kind that was looked for, by name, those without findings as well.
        missing: whether nothing was looked for, as in results of earlier versions.

    Example:
        >>> analysis = gs.analyze("model.gguf")                                     # doctest: +SKIP
        >>> [finding.sentence for finding in analysis.standouts.of("dead_neuron")]  # doctest: +SKIP
    """

    def __init__(self, kinds: Iterable[StandoutKind] | None) -> None:
        self.missing = kinds is None
        self.kinds: dict[str, StandoutKind] = {record.kind: record for record in kinds or ()}
        self._items = [item for record in self.kinds.values() for item in record.items]

    def of(self, *kinds: str) -> Standouts:
        """The findings of some kinds alone.

        Raises:
            KeyError: Nothing of this name was looked for.
        """
        return Standouts(self.kinds[kind] for kind in kinds)

    def to_columns(self) -> dict[str, npt.NDArray[Any]]:
        """One NumPy array per field over the findings, ready for a data frame.

        `kind` and `sentence` are objects; `layer`, `head` and every place (`place_neuron`) int64, or objects with None
        where a finding has none; `value`, `compared` and every further number (`evidence_share`) float64, NaN for none.
        """
        return arrays_of(standout_columns(self._items))

    @overload
    def __getitem__(self, index: int) -> Standout: ...

    @overload
    def __getitem__(self, index: slice) -> list[Standout]: ...

    def __getitem__(self, index: int | slice) -> Standout | list[Standout]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<Standouts: {len(self)} of {len(self.kinds)} kinds>"


def standout_columns(items: Sequence[Standout]) -> list[DataColumn]:
    """Findings in columns, with every place and number that one of them has."""
    places = dict.fromkeys(name for item in items for name in item.place)
    evidence = dict.fromkeys(name for item in items for name in item.evidence)
    return [
        DataColumn("kind", "text", "of the finding", [item.kind for item in items]),
        DataColumn("layer", "integer", "", [item.layer for item in items]),
        DataColumn("head", "integer", "query head", [item.head for item in items]),
        *(DataColumn(f"place_{name}", "integer", "", [item.place.get(name) for item in items]) for name in places),
        DataColumn("value", "number", "as the kind defines it", [item.value for item in items]),
        DataColumn("compared", "number", "times the usual", [item.compared for item in items]),
        *(
            DataColumn(f"evidence_{name}", "number", "", [item.evidence.get(name) for item in items])
            for name in evidence
        ),
        DataColumn("sentence", "text", "for the reader", [item.sentence for item in items]),
    ]
