"""The scaling u of a component over the layers, and when it is flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..orders import ranks

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..presets.registry import Scale

FLAT_RANGE = 0.05
FLAT_VALUE = 0.5


def relative_range(values: Floats, offset: float = 0.0) -> float:
    """(max − min) over the mean magnitude, of `values + offset`; 0 where all are 0.

    Args:
        values: (L,), finite.
        offset: 1 for relative changes, whose own mean is near 0.
    """
    size = float(np.abs(values + offset).mean())
    return float(np.ptp(values)) / size if size > 0 else 0.0


def is_flat(values: Floats, offset: float = 0.0) -> bool:
    """Whether the layers differ by less than 5 %: then their order means nothing."""
    return relative_range(values, offset) < FLAT_RANGE


def scaled(values: Floats, scale: Scale, *, flat: bool) -> Floats:
    """The scaling u of a score: 0 in the lowest layer, 1 in the highest, 0.5 everywhere if it is flat.

    `minmax` is linear between the two; `rank` depends on the order alone, ties sharing their mean rank.

    Args:
        values: (L,), finite.
        scale: `"minmax"` or `"rank"`.
        flat: whether its order means nothing.

    Returns:
        (L,), within [0, 1].

    >>> values = np.array([1.0, 2.0, 5.0])
    >>> scaled(values, "minmax", flat=False), scaled(values, "rank", flat=False)
    (array([0.  , 0.25, 1.  ]), array([0. , 0.5, 1. ]))
    """
    if flat:
        return np.full(len(values), FLAT_VALUE)
    numbers: Floats = -ranks(values) if scale == "rank" else values
    units: Floats = (numbers - numbers.min()) / np.ptp(numbers)
    return units
