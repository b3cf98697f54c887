"""Rows of a tensor in a type that no file at hand has, made by ggml as they are asked for: candidates of recipes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays.buffers import dequantize
from ..errors import TraceError
from ..models.experts import experts_in
from ..runtime.engines.llama_cpp.quantizing import quantize, requires_importance

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ..arrays.floats import Floats
    from ..models.tensor import Tensor


@dataclass(frozen=True, eq=False)
class QuantizedRows:
    """A tensor's rows as ggml makes them in another type; a `RowSource`. Nothing of them is kept.

    Types that need an importance matrix get one of ones where there is none; `llama-quantize` refuses to.

    Attributes:
        tensor: whose numbers, without the factor beside it, are quantized.
        type_name: one of `models.recipes.quantizer.MADE`, whose blocks divide the rows.
        importance: E[x²], (experts, columns); of an expert that is all zeros, without data, ones. None without.
    """

    tensor: Tensor
    type_name: str
    importance: Floats | None = None

    def decode_into(self, rows: npt.NDArray[np.float32], first: int) -> None:
        """Fill `rows`, (rows, columns), with those from `first` on.

        Raises:
            GGUFError: The file shrank since it was opened.
            TraceError: A weight is not finite.
        """
        for begin, end in self._by_expert(first, first + len(rows)):
            dequantize(self.blocks(begin, end - begin), self.type_name, rows[begin - first : end - first], threads=1)

    def blocks(self, first: int, n_rows: int) -> npt.NDArray[np.uint8]:
        """The blocks of rows of one expert, (rows, bytes of a row).

        Raises:
            GGUFError: The file shrank since it was opened.
            TraceError: A weight is not finite.
        """
        exact = self.tensor.dequantize(rows=slice(first, first + n_rows), threads=1)
        try:
            return quantize(exact, self.type_name, self._weights(first))
        except TraceError as error:
            raise TraceError(f"{self.tensor.name}: {error}") from None

    def _by_expert(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The rows from begin to end, cut where experts end: each has an importance of its own."""
        each = max(1, self.tensor.n_rows // experts_in(self.tensor.shape))
        while begin < end:
            stop = min(end, (begin // each + 1) * each)
            yield begin, stop
            begin = stop

    def _weights(self, row: int) -> npt.NDArray[np.float32] | None:
        """The importance of the expert that a row belongs to."""
        columns = self.tensor.shape[-1]
        if self.importance is None:
            return np.ones(columns, np.float32) if requires_importance(self.type_name) else None
        experts = experts_in(self.tensor.shape)
        weights = self.importance.reshape(experts, columns)[row // max(1, self.tensor.n_rows // experts)]
        return weights.astype(np.float32) if weights.any() else np.ones(columns, np.float32)
