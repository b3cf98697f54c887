"""Numbers with their intervals, and the verdict that an interval of a difference gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .quantity_document import Estimate
from .resampling import interval

if TYPE_CHECKING:
    from ..arrays.floats import Floats


def estimate(values: Floats) -> Estimate | None:
    """The first value, and the interval of the others, which are those of resamples; None where it is undefined."""
    if not np.isfinite(values[0]):
        return None
    return Estimate(float(values[0]), *interval(values[1:]))


def verdict_of(words: tuple[str, str, str], *differences: Estimate) -> str | None:
    """The first word if every interval is above 0, the last if every one is below, else that between.

    None where one of them is missing.
    """
    ends = [
        (difference.low, difference.high)
        for difference in differences
        if difference.low is not None and difference.high is not None
    ]
    if len(ends) < len(differences):
        return None
    if all(low > 0 for low, _ in ends):
        return words[0]
    return words[2] if all(high < 0 for _, high in ends) else words[1]
