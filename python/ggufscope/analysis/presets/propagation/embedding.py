"""The start of the residual stream: means and variances over the vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....architecture.limits import NotApplicableError
from ....architecture.vocabulary import ordinary_tokens
from ....arrays.floats import widened
from ....arrays.workers import in_order
from .kernels import add_columns
from .moments import Moments

if TYPE_CHECKING:
    import numpy.typing as npt

    from ....models.model import Model
    from ....models.tensor import Tensor

_CHUNK_ELEMENTS = 1 << 20


def token_moments(model: Model, table: Tensor, threads: int) -> tuple[Moments, tuple[str, ...]]:
    """Moments of the rows of ordinary tokens, which count alike, and the assumptions made."""
    kept, assumptions = ordinary_tokens(model, table.n_rows)
    return row_moments(table, kept, threads), assumptions


def position_moments(places: Tensor, positions: slice, threads: int) -> Moments:
    """Moments of the learned embeddings of some positions."""
    numbers = np.arange(places.n_rows)
    return row_moments(places, (numbers >= positions.start) & (numbers < positions.stop), threads)


def row_moments(tensor: Tensor, kept: npt.NDArray[np.bool_], threads: int) -> Moments:
    """Mean and variance of every column over the rows that are kept; decoded chunk by chunk."""
    columns = tensor.shape[-1]
    n_kept = int(kept.sum())
    if n_kept == 0 or columns == 0:
        raise NotApplicableError(f"{tensor.name} has no rows to start from")
    first = int(np.argmax(kept))
    shift = widened(tensor.dequantize(rows=slice(first, first + 1), threads=1).reshape(-1))
    step = max(1, _CHUNK_ELEMENTS // columns)

    def add(begin: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        rows = tensor.dequantize(rows=slice(begin, begin + step), threads=1)
        return add_columns(rows, kept[begin : begin + step], shift)

    chunks = in_order(add, range(0, tensor.n_rows, step), threads)
    mean = sum(total for total, _ in chunks) / n_kept
    variance = sum(squares for _, squares in chunks) / n_kept - np.square(mean)
    return Moments(shift + mean, np.maximum(variance, 0.0))
