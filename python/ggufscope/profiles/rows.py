"""A row of a profile: the statistics of a tensor, layer, role, … with what they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import histogram
from ..arrays.fields import QUANTILE_PERCENTS, VECTOR_SUMMARIES, kinds, saved_names, vectors
from ..arrays.statistics import TensorStatistics, non_finite
from ..models.kinds import kind_of_numbers
from ..saving.tables import DataColumn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from ..saving.tables import Kind

PLACE = ("role", "layer", "stack", "expert", "third", "n_tensors", "kind")
PARTS = ("matrices", "vectors")
ABOUT = ("name", *PLACE, "type", "shape", "n_bytes")


_OF_FACTORS = ("factor_min", "factor_max")
_OF_WHOLE = ("layer", "stack", "third")  # what a roll-up and its parts have in common


class Row(TensorStatistics):
    """TensorStatistics with a place in the model; what does not apply to the row is None.

    Attributes:
        role: of a tensor (`"attn_q"`), or what a roll-up is over; None where the name says nothing.
        layer: of a tensor or of a layer's roll-up.
        stack: of what belongs to a second stack (`"enc"`); None for the main one.
        expert: of an expert's roll-up, or of a tensor that holds a single expert.
        third: `"early"`, `"middle"` or `"late"`, of a third's roll-up.
        n_tensors: how many tensors a roll-up merges.
        kind: of a tensor: `"matrix"`, `"vector"`, `"factor"` or `"table"`; the last two are in no roll-up.
        factor: of a matrix, the factors beside it that its weights were multiplied by: one, or one for each expert;
            of those for its rows or blocks the least and the largest that are not 0. None in it for NaN and Inf. None
            where there are none, or `settings.stored` left them out.
        matrices: of a layer, a third or the whole model, the row of its matrices; None without any, and in profiles
            saved by versions that did not tell them apart.
        vectors: the row of its vectors (gains, biases), likewise.
    """

    __slots__ = (*PLACE, *PARTS, "factor")

    def __init__(self, fields: Mapping[str, Any], **about: Any) -> None:
        for name in Row.__slots__:
            setattr(self, name, about.pop(name, None))
        super().__init__(fields, n_elements=fields["n_elements"], **about)

    def __getattr__(self, name: str) -> Any:
        if name in vectors() and name not in self:
            raise AttributeError(f"the vector {name!r} is not kept here; {name}_min, _max, _median and _mad are")
        return super().__getattr__(name)

    def __repr__(self) -> str:
        place = " ".join(f"{name}={getattr(self, name)}" for name in PLACE if getattr(self, name) is not None)
        odd = "".join(f", {count} {what}" for what, count in non_finite(self).items())
        return f"<Row {' '.join(filter(None, [self.name, place]))}: {self.n_elements} elements{odd}>"

    def _about(self) -> tuple[Any, ...]:
        return *super()._about(), *(getattr(self, name) for name in Row.__slots__)

    @property
    def is_matrix(self) -> bool:
        """Whether it is a tensor that is a matrix: no gain, bias, table of frequencies or of integers."""
        return bool(self.kind == "matrix")

    @property
    def of_matrices(self) -> Row | None:
        """Of a roll-up: the row of its matrices, None without any; the row itself where they are not told apart."""
        return self if self.matrices is None and self.vectors is None else self.matrices

    def to_json(self) -> dict[str, Any]:
        """The row as it stands in a saved profile."""
        head = {name: getattr(self, name) for name in ABOUT if getattr(self, name) is not None}
        factor = {} if self.factor is None else {"factor": list(self.factor)}
        fields = {name: value for name, value in self.items() if name not in vectors()}
        parts = {name: part.to_json() for name in PARTS if (part := getattr(self, name)) is not None}
        inside = {name: {key: part[key] for key in part if key not in _OF_WHOLE} for name, part in parts.items()}
        return head | factor | {name: _to_json(kinds().get(name), value) for name, value in fields.items()} | inside

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Row:
        """The row of a part of a saved profile that `schema` has checked, and in which it has decoded the histogram."""
        about = {name: saved[name] for name in ABOUT if name in saved and name != "shape"}
        shape = tuple(saved["shape"]) if "shape" in saved else None
        if shape is not None:
            about.setdefault("kind", kind_of_numbers(saved["name"], saved["type"], shape))
        factor = tuple(saved["factor"]) if saved.get("factor") is not None else None
        whole = {name: saved[name] for name in _OF_WHOLE if name in saved}
        parts = {name: cls.from_json(whole | saved[name]) for name in PARTS if saved.get(name) is not None}
        fields = {name: _from_json(kinds().get(name), saved[name]) for name in saved_names() if name in saved}
        return cls(fields, shape=shape, factor=factor, **about, **parts)


def with_vector_summaries(fields: Mapping[str, Any], keep_vectors: bool) -> dict[str, Any]:
    """The fields with min, max, median and MAD (median absolute deviation from the median) after each vector."""
    out: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in vectors():
            out[name] = value
            continue
        if keep_vectors:
            out[name] = value
        out |= {f"{name}_{what}": number for what, number in zip(VECTOR_SUMMARIES, _summary(value), strict=True)}
    return out


def column_names() -> tuple[str, ...]:
    """The columns that a table of tensors may have: every name that `flat` gives."""
    names: list[str] = list(ABOUT)
    for name in saved_names():
        kind = kinds().get(name)
        if kind == "quantiles":
            names += [f"quantile_{percent}" for percent in QUANTILE_PERCENTS]
        elif kind != "histogram":
            names.append(name)
    return (*names, *_OF_FACTORS)


def flat(row: Row) -> dict[str, Any]:
    """Everything about a row that fits a cell, by name: each quantile by itself, no histogram and no vectors."""
    out = {name: getattr(row, name) for name in ABOUT}
    for name, value in row.items():
        kind = kinds().get(name)
        if kind == "quantiles":
            numbers = [None] * len(QUANTILE_PERCENTS) if value is None else value.tolist()
            out |= {f"quantile_{percent}": x for percent, x in zip(QUANTILE_PERCENTS, numbers, strict=True)}
        elif kind not in {"histogram", "vector"}:
            out[name] = value
    if row.factor is not None:
        known = [value for value in row.factor if value is not None]
        out |= zip(_OF_FACTORS, (min(known, default=None), max(known, default=None)), strict=True)
    return out


def columns(rows: Iterable[Row]) -> list[DataColumn]:
    """Columns of everything that fits a cell, over the rows; see `Profile.to_columns`."""
    table = [flat(row) for row in rows]
    names = dict.fromkeys(name for row in table for name in row)
    cells = {name: [row.get(name) for row in table] for name in names}
    absent = {name for name in ABOUT if all(value is None for value in cells.get(name, []))}
    return [DataColumn(name, _kind(name), "", values) for name, values in cells.items() if name not in absent]


def _kind(name: str) -> Kind:
    if name in {"layer", "expert", "n_tensors", "n_bytes"} or kinds().get(name) == "count":
        return "integer"
    if name == "shape" or kinds().get(name) == "index":
        return "integers"
    return "text" if name in ABOUT else "number"


def _summary(vector: npt.NDArray[np.float64] | None) -> list[float | None]:
    """Minimum, maximum, median, and median of the deviations from it: NaN, all of them, where the vector has a NaN."""
    if vector is None or len(vector) == 0:
        return [None] * len(VECTOR_SUMMARIES)
    ordered = np.sort(vector)
    median = _middle(ordered)
    if np.isnan(median):
        return [median] * len(VECTOR_SUMMARIES)
    return [float(ordered[0]), float(ordered[-1]), median, _middle(np.sort(np.abs(vector - median)))]


def _middle(ordered: npt.NDArray[np.float64]) -> float:
    """`np.median` of a vector in order, NaN at its end: that takes several times as long as putting it in order."""
    middle = len(ordered) // 2
    if np.isnan(ordered[-1]) or len(ordered) % 2:
        return float(ordered[-1 if np.isnan(ordered[-1]) else middle])
    return float((ordered[middle - 1] + ordered[middle]) / 2)


def _to_json(kind: str | None, value: Any) -> Any:
    if value is None:
        return None
    if kind == "histogram":
        return histogram.encode(value)
    if kind == "index":
        return list(value)
    return value.tolist() if kind == "quantiles" else value


def _from_json(kind: str | None, value: Any) -> Any:
    if value is None:
        return None
    if kind == "index":
        return tuple(value)
    return np.array(value, np.float64) if kind == "quantiles" else value
