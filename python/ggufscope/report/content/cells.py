"""Numbers in the cells of reports; all of them are our own words."""

from __future__ import annotations

from ...text import numbers
from .words import Own

NOTHING = Own("–")


def number(value: float | None, form: str = "") -> Own:
    """A number; eight characters at most unless `form` says otherwise."""
    if value is None:
        return NOTHING
    return Own(format(value, form) if form else numbers.short(value))


def percent(share: float | None) -> Own:
    """A share in percent, without the sign."""
    return NOTHING if share is None else Own(numbers.percent(share))


def interval(ends: tuple[float, float] | None, form: str = "g") -> Own:
    """The ends of an interval."""
    return NOTHING if ends is None else Own(f"{ends[0]:{form}} – {ends[1]:{form}}")
