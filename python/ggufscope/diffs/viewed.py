"""Statistics of a pair with a view: rows are decoded here, taken in the order of the view, and compared as float32."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .._core import PairStatistics, observe_pair_buffers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ..models.tensor import Tensor
    from .matching import TensorPair
    from .views import SideView

# Of a chunk of the core, which cuts matrices into so many elements, in whole rows. Chunks are compared one by one, so
# that they are added in the same order.
_CHUNK_ELEMENTS = 1 << 20
_MOST_GAPS = 4  # rows decoded for each that is taken, before rows are decoded run by run
_FLOAT32 = 0  # ggml's number of the type


def observe_viewed(pair: TensorPair, threads: int, stored: bool, isa: str) -> PairStatistics:
    """The statistics of the pair as it is seen; of a stack of experts those of all its rows.

    Raises:
        GGUFError: A file shrank since it was opened.
    """
    *leading, columns = pair.shape
    n_rows = int(np.prod(leading))
    sides = (
        SeenSide(pair.reference, pair.view.reference, stored, threads),
        SeenSide(pair.model, pair.view.model, stored, threads),
    )
    whole = PairStatistics()
    for first, last in _row_ranges(n_rows, columns):
        reference, model = (side.rows(first, last).view(np.uint8).reshape(-1) for side in sides)
        whole.append(
            observe_pair_buffers(
                reference,
                _FLOAT32,
                model,
                _FLOAT32,
                last - first,
                columns,
                threads,
                isa=isa,
                first_element=first * columns,
            )
        )
    return whole


class SeenSide:
    """The rows of one tensor as they are seen."""

    def __init__(self, tensor: Tensor, view: SideView, stored: bool, threads: int) -> None:
        self._tensor = tensor
        self._view = view
        self._threads = threads
        self._decode = tensor.stored_numbers if stored else tensor.dequantize
        outside = None if stored or tensor.factor is None or tensor.factor.grid is not None else tensor.factor
        self._factors = None if outside is None else outside.values()

    def rows(self, first: int, last: int) -> npt.NDArray[np.float32]:
        """Rows of what is compared, (last − first, columns)."""
        order = np.arange(first, last) if self._view.rows is None else self._view.rows[first:last]
        weights = self._decoded(order)
        with np.errstate(invalid="ignore", over="ignore"):  # of weights that are not finite, as the core takes them
            if self._factors is not None:
                weights *= self._factors[order * len(self._factors) // self._tensor.n_rows, None]
            if self._view.plus:
                weights += np.float32(self._view.plus)
        return weights

    def _decoded(self, order: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        low, high = int(order.min()), int(order.max()) + 1
        if high - low <= _MOST_GAPS * len(order):
            decoded = self._dequantize(low, high)
            return decoded if high - low == len(order) and _ascends(order) else decoded[order - low]
        out = np.empty((len(order), self._tensor.shape[-1]), np.float32)
        for begin, end in _runs(order):
            out[begin:end] = self._dequantize(int(order[begin]), int(order[begin]) + end - begin)
        return out

    def _dequantize(self, first: int, last: int) -> npt.NDArray[np.float32]:
        rows = self._decode(rows=slice(first, last), threads=self._threads)
        return rows.reshape(last - first, self._tensor.shape[-1])


def _row_ranges(n_rows: int, columns: int) -> Iterator[tuple[int, int]]:
    step = max(1, _CHUNK_ELEMENTS // max(1, columns))
    return ((first, min(first + step, n_rows)) for first in range(0, n_rows, step))


def _ascends(order: npt.NDArray[np.intp]) -> bool:
    return bool((np.diff(order) == 1).all())


def _runs(order: npt.NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Where following rows stand side by side in the tensor, too."""
    cuts = np.flatnonzero(np.diff(order) != 1) + 1
    bounds = [0, *cuts.tolist(), len(order)]
    return pairwise(bounds)
