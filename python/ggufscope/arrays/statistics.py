"""Statistics of a tensor, or of anything merged from tensors, with the names of docs/metrics.md as attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from .._core import Part, Statistics
from .._core import fields as core_fields
from ..loading import lazy
from ..text.notebook import NotebookView
from .equality import equal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
else:
    np = lazy("numpy")


class TensorStatistics(NotebookView, Mapping[str, Any]):
    """The statistics of one set of weights: attributes, or a read-only mapping from name to value.

    The names and their definitions are those of docs/metrics.md (`l2_norm`, `kurtosis`, `zero_fraction`, …);
    `TensorStatistics.meaning("kurtosis")` is the definition in one line. What is undefined, as the skewness of a
    single element, is None; what does not apply, as `code_entropy` for F32, is absent. Counts are ints; shares and
    numbers floats; `quantiles`, `row_l2` and `column_l2` float64 arrays; `histogram` a pair (int32 bins, uint64
    counts), whose edges `ggufscope.histogram_edges` tells; `abs_max_index` a tuple of ints into `shape`.

    They compare by value, NaN equal to NaN and arrays elementwise, and so cannot be hashed; they copy and pickle.

    Attributes:
        name: of the tensor; None for a buffer or merged tensors.
        type: ggml's name of the type, as `"Q4_K"`; None for merged tensors of several types.
        shape: NumPy order, rows × columns; None for merged tensors.
        n_elements: all elements, the non-finite ones included.
        n_bytes: bytes as stored.
    """

    __slots__ = ("_fields", "n_bytes", "n_elements", "name", "shape", "type")

    def __init__(
        self,
        fields: Mapping[str, Any],
        *,
        n_elements: int,
        n_bytes: int,
        shape: tuple[int, ...] | None = None,
        type: str | None = None,  # noqa: A002
        name: str | None = None,
    ) -> None:
        self._fields = dict(fields)
        self.n_elements = n_elements
        self.n_bytes = n_bytes
        self.shape = shape
        self.type = type
        self.name = name

    @classmethod
    def of(
        cls,
        statistics: Statistics,
        *,
        n_bytes: int,
        shape: tuple[int, ...] | None = None,
        type: str | None = None,  # noqa: A002
        name: str | None = None,
    ) -> TensorStatistics:
        """Name the results of the core; flat element indices become tuples into `shape`."""
        fields = statistics.fields()
        for name_of_index in _index_fields():
            if fields.get(name_of_index) is not None:
                fields[name_of_index] = _index_tuple(fields[name_of_index], shape)
        return cls(fields, n_elements=statistics.n_elements, n_bytes=n_bytes, shape=shape, type=type, name=name)

    @staticmethod
    def meaning(field: str) -> str:
        """The definition of a field, in one line.

        Raises:
            KeyError: There is no such field.
        """
        return {info["name"]: info["meaning"] for info in core_fields()}[field]

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_fields")[name]
        except (AttributeError, KeyError):
            raise AttributeError(f"no statistic {name!r} here") from None

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TensorStatistics):
            return NotImplemented
        return type(self) is type(other) and self._about() == other._about() and equal(self._fields, other._fields)

    __hash__ = None  # type: ignore[assignment]

    def _about(self) -> tuple[Any, ...]:
        """Everything that is known of the weights beside their statistics."""
        return self.name, self.type, self.shape, self.n_elements, self.n_bytes

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._fields})

    def __repr__(self) -> str:
        numbers = (f"{name}={self._fields[name]:.6g}" for name in _SHOWN if _is_number(self._fields.get(name)))
        what = " ".join(part for part in (self.name, self.type, _times(self.shape)) if part)
        odd = (f"{word}={count}" for word, count in non_finite(self).items())
        return f"<TensorStatistics {', '.join([what, f'n_elements={self.n_elements}', *odd, *numbers])}>"


def non_finite(statistics: Mapping[str, Any]) -> dict[str, int]:
    """How many weights are NaN, Inf or beyond float32, by these words; without those of which there are none."""
    return {word: statistics[name] for name, word in NON_FINITE.items() if statistics.get(name)}


# Counts of weights that are no numbers of float32 → what people call them.
NON_FINITE = {"nan_count": "NaN", "inf_count": "Inf", "beyond_float32_count": "beyond float32"}
_SHOWN = ("mean", "std", "min", "max", "l2_norm", "kurtosis", "zero_fraction")


@cache
def _index_fields() -> tuple[str, ...]:
    return tuple(info["name"] for info in core_fields() if info["kind"] == "index")


def _index_tuple(flat: int, shape: Sequence[int] | None) -> tuple[int, ...]:
    return (flat,) if shape is None else tuple(int(i) for i in np.unravel_index(flat, tuple(shape)))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


def _times(shape: tuple[int, ...] | None) -> str:
    return " × ".join(map(str, shape)) if shape else ""


def whole_of(parts: Sequence[Part]) -> Statistics:
    """The statistics of a tensor from those of its experts."""
    if len(parts) == 1:
        return parts[0].statistics
    whole = parts[0].statistics.copy() if parts else Statistics()
    for part in parts[1:]:
        whole.append(part.statistics)
    return whole
