"""Findings as a list, by kind and in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from ..standout_document import Standout, StandoutKind


class Standouts(Sequence["Standout"]):
    """What stands out in a model: the findings in order, those of a kind together, the most striking first.

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

        `kind` and `sentence` are objects, `layer`, `head` and every place (`place_neuron`) int64, −1 for none, `value`,
        `compared` and every further number (`evidence_share`) float64, NaN for none.
        """
        places = dict.fromkeys(name for item in self._items for name in item.place)
        evidence = dict.fromkeys(name for item in self._items for name in item.evidence)
        columns: dict[str, npt.NDArray[Any]] = {"kind": np.array([item.kind for item in self._items], object)}
        columns["layer"] = _integers(item.layer for item in self._items)
        columns["head"] = _integers(item.head for item in self._items)
        columns |= {f"place_{name}": _integers(item.place.get(name) for item in self._items) for name in places}
        columns["value"] = _floats(item.value for item in self._items)
        columns["compared"] = _floats(item.compared for item in self._items)
        columns |= {f"evidence_{name}": _floats(item.evidence.get(name) for item in self._items) for name in evidence}
        return columns | {"sentence": np.array([item.sentence for item in self._items], object)}

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


def _integers(values: Iterable[int | None]) -> npt.NDArray[np.int64]:
    return np.array([-1 if value is None else value for value in values], np.int64)


def _floats(values: Iterable[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)
