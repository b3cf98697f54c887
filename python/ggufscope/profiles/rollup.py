"""Roll-ups: the statistics of a layer, a role, an expert, a third or a whole model.

They merge the statistics of their parts in file order, which is exact; nothing is ever an average of averages. The
merging itself is the core's; here it is only decided what belongs together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._core import Statistics
from ..arrays.fields import registry
from .magnitudes import MagnitudeSketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..models.kinds import Kind

Key = TypeVar("Key")

THIRDS = ("early", "middle", "late")


def third_of(layer: int, n_layers: int) -> str:
    """The third a layer belongs to: early and late are the first and last max(1, round(L / 3)) layers.

    A model of one layer has only an early third.

    >>> [third_of(layer, 5) for layer in range(5)]
    ['early', 'early', 'middle', 'late', 'late']
    """
    size = max(1, round(n_layers / 3))
    if layer < size:
        return "early"
    return "late" if layer >= n_layers - size else "middle"


def third_name(stack: str | None, third: str) -> str:
    """`"early"` of the main stack, `"v.early"` of another."""
    return third if stack is None else f"{stack}.{third}"


def thirds_of(layers: Iterable[tuple[str | None, int]]) -> dict[tuple[str | None, int], str]:
    """The third of each (stack, layer), counted over the layers that are there, in each stack by itself."""
    stacks: dict[str | None, set[int]] = {}
    for stack, layer in layers:
        stacks.setdefault(stack, set()).add(layer)
    return {
        (stack, layer): third_of(position, len(numbers))
        for stack, numbers in stacks.items()
        for position, layer in enumerate(sorted(numbers))
    }


class Merged:
    """The statistics of several tensors, growing tensor by tensor."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self.n_tensors = 0
        self.n_bytes = 0

    def add(self, statistics: Statistics, n_bytes: int, kind: Kind | None = None) -> None:
        """Merge the next tensor in file order; its kind decides nothing here."""
        self.statistics.merge(statistics)
        self.n_tensors += 1
        self.n_bytes += n_bytes

    def values(self) -> dict[str, Any]:
        """Sizes, then every field that means something for several tensors together."""
        return {"n_tensors": self.n_tensors, "n_bytes": self.n_bytes, **rolled_up(self.statistics.fields())}

    def magnitudes(self, role: str | None) -> MagnitudeSketch | None:
        """Sketch of the magnitudes of the weights; None without a histogram."""
        return MagnitudeSketch.of(role, self.statistics.fields().get("histogram"))


class MergedByKind(Merged):
    """The statistics of several tensors, and of the matrices and of the vectors among them by themselves.

    Gains may be thousands of times as large as matrices: together they say nothing of either.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts = {"matrices": Merged(), "vectors": Merged()}

    def add(self, statistics: Statistics, n_bytes: int, kind: Kind | None = None) -> None:
        super().add(statistics, n_bytes)
        self._parts["matrices" if kind == "matrix" else "vectors"].add(statistics, n_bytes)

    def values(self) -> dict[str, Any]:
        """Those of all; under `"matrices"` and `"vectors"` those of each, where there are any."""
        parts = {name: part.values() for name, part in self._parts.items() if part.n_tensors}
        return {**super().values(), **parts}


class Groups(Generic[Key]):
    """One `Merged` per key, in order of first appearance."""

    def __init__(self, of: type[Merged] = Merged) -> None:
        self._of = of
        self._merged: dict[Key, Merged] = {}

    def add(self, key: Key | None, statistics: Statistics, n_bytes: int, kind: Kind | None = None) -> None:
        """Merge into the group of `key`; None belongs to no group."""
        if key is None:
            return
        if key not in self._merged:
            self._merged[key] = self._of()
        self._merged[key].add(statistics, n_bytes, kind)

    def values(self, order: Iterable[Key] | None = None) -> dict[Key, dict[str, Any]]:
        """The values of each group, by key; `order` names the keys in another order."""
        keys = self._merged if order is None else [key for key in order if key in self._merged]
        return {key: self._merged[key].values() for key in keys}

    def __iter__(self) -> Iterator[Key]:
        return iter(self._merged)

    def __getitem__(self, key: Key) -> Merged:
        return self._merged[key]


def rolled_up(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that keep their meaning for merged tensors.

    The histogram stays behind as well: its quantiles are kept, of roles a sketch too, and it is the sum of the
    histograms of the tensors.
    """
    return {
        field["name"]: fields[field["name"]]
        for field in registry()
        if field["roll_up"] and field["kind"] != "histogram" and field["name"] in fields
    }
