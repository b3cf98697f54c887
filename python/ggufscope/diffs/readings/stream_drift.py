"""How far the residual streams of two models have come apart behind a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ...runtime.shape import Array

_TOKENS = 64  # at a time in float64


@dataclass(frozen=True)
class StreamDrift:
    """See `LayerDrift`."""

    drift: float | None
    drift_total: float | None
    drift_first: float | None
    cosine: float | None


def stream_drift(ours: Array, theirs: Array, is_first: npt.NDArray[np.bool_]) -> StreamDrift:
    """The drift between two streams, float32 (tokens, width), of which some tokens are first ones."""
    sums = np.empty((4, len(ours)))
    for first in range(0, len(ours), _TOKENS):
        rows = slice(first, first + _TOKENS)
        a, b = ours[rows].astype(np.float64), theirs[rows].astype(np.float64)
        for place, (left, right) in enumerate(((b - a, b - a), (a, a), (b, b), (a, b))):
            sums[place, rows] = np.einsum("tc,tc->t", left, right)
    errors, squares, others, products = sums[:, ~is_first]
    with np.errstate(all="ignore"):
        return StreamDrift(
            median(errors / squares),
            ratio(errors.sum(), squares.sum()),
            ratio(sums[0, is_first].sum(), sums[1, is_first].sum()),
            median(products / np.sqrt(squares * others)),
        )


def ratio(error: float, reference: float) -> float | None:
    """Error / reference; None where the reference is 0, or one of them no number."""
    if not (np.isfinite(error) and np.isfinite(reference)) or reference <= 0:
        return None
    return float(error / reference)


def median(values: Floats) -> float | None:
    """The median of values that are numbers; None without any."""
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else None
