"""Numbers with their intervals, and the verdict that an interval of a difference gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..text.numbers import counted
from .quantity_document import Estimate
from .resampling import interval

if TYPE_CHECKING:
    from ..arrays.floats import Floats


def estimate(values: Floats) -> Estimate | None:
    """The first value, and the interval of the others, which are those of resamples; None where it is undefined."""
    if not np.isfinite(values[0]):
        return None
    return Estimate(float(values[0]), *interval(values[1:]))


UNDECIDED = "undecided"


def undecided(n: int, what: str) -> str:
    """The verdict of an interval across 0: more of them could decide it.

    >>> undecided(18, "layer"), undecided(1, "head")
    ('undecided with 18 layers', 'undecided with 1 head')
    """
    return f"{UNDECIDED} with {counted(n, what)}"


def verdict_of(above: str, across: str, below: str, difference: Estimate) -> str | None:
    """The verdict that the interval of a difference gives: above 0, across it or below; None without an interval."""
    if difference.low is None or difference.high is None:
        return None
    if difference.low > 0:
        return above
    return below if difference.high < 0 else across
