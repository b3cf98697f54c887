"""Means over what is defined: figures are NaN where there is nothing to measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .floats import Floats


def mean_of_finite(values: Floats, axis: int) -> Floats:
    """The mean over one axis of the values that are finite; NaN where none is.

    >>> mean_of_finite(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]), axis=1).tolist()
    [2.0, nan]
    """
    finite = np.isfinite(values)
    count = finite.sum(axis=axis)
    total = np.where(finite, values, 0.0).sum(axis=axis)
    mean: Floats = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return mean
