"""Numbers in the cells of reports; all of them are our own words."""

from __future__ import annotations

from ...text import numbers
from .diff_words import decibels_text, percent_text
from .spectral_words import margin_text
from .words import Own, Rounded

NOTHING = Own("–")


def number(value: float | None, form: str = "") -> Own:
    """A number; eight characters at most unless `form` says otherwise."""
    if value is None:
        return NOTHING
    return Own(format(value, form) if form else numbers.short(value))


def percent(share: float | None) -> Own:
    """A share in percent, without the sign."""
    return NOTHING if share is None else Own(numbers.percent(share))


def number_within(value: float | None, error: float | None) -> Own:
    """A number that may be an estimate, with its standard error behind it."""
    margin = margin_text(value, error)
    return Rounded(number(value) + margin, value) if value is not None and margin else number(value)


def percent_within(share: float | None, error: float | None) -> Own:
    """A share in percent that may be an estimate, likewise."""
    margin = margin_text(share, error, share=True)
    return Rounded(percent(share) + margin, 100 * share) if share is not None and margin else percent(share)


def interval(ends: tuple[float, float] | None, form: str = "g") -> Own:
    """The ends of an interval."""
    return NOTHING if ends is None else Own(f"{ends[0]:{form}} – {ends[1]:{form}}")


def nmse(value: float | None) -> Own:
    """An NMSE in percent, without the sign."""
    return NOTHING if value is None else Rounded(percent_text(value), value)


def decibels(value: float | None) -> Own:
    """An SQNR, without its unit."""
    return NOTHING if value is None else Rounded(decibels_text(value), value)
