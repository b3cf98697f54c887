"""Numbers on axes and legends, as people write them: 50, 2 000, 0.001, 10⁴, 30 %.

They are expressions of Vega, of numbers alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EQUAL_WITHIN = 0.001  # of the largest: values that differ by less are drawn as the flat line that they are
_SMALLEST, _LARGEST = "1e-6", "1e6"  # that are written out
_LARGEST_POWER = "1e4"  # from this power of ten on, 10⁴ is easier to read than 10 000


def _plain(value: str, digits: int) -> str:
    """Decimal notation, thousands grouped."""
    return f"replace(format({value}, ',.{digits}~r'), regexp(',', 'g'), ' ')"


def _superscript(power: str) -> str:
    """A power as superscript digits."""
    digits = "'⁰¹²³⁴⁵⁶⁷⁸⁹'"
    tens, ones = f"floor(abs({power}) / 10)", f"abs({power}) % 10"
    return (
        f"({power} < 0 ? '⁻' : '') + ({tens} > 0 ? slice({digits}, {tens}, {tens} + 1) : '')"
        f" + slice({digits}, {ones}, {ones} + 1)"
    )


def number_label(value: str = "datum.value", digits: int = 6) -> str:
    """The expression for a number.

    Args:
        value: an expression, of which it is the text.
        digits: significant ones; ticks of axes are round, those of a scale of colours may not be.
    """
    size = f"abs({value})"
    power = f"floor(log({size}) / LN10 + 1e-9)"
    mantissa = f"{value} / pow(10, {power})"
    is_power = f"abs({size} / pow(10, {power}) - 1) < 1e-6"
    times = f"({is_power} ? ({value} < 0 ? '−' : '') : format({mantissa}, '.3~r') + '·')"
    powers = f"{times} + '10' + {_superscript(power)}"
    written_out = f"{size} >= {_SMALLEST} && {size} < ({is_power} ? {_LARGEST_POWER} : {_LARGEST})"
    return f"{value} == 0 ? '0' : {written_out} ? {_plain(value, digits)} : {powers}"


def percent_label(value: str = "datum.value") -> str:
    """The expression for a share, in percent."""
    return f"({number_label(f'(100 * ({value}))', 3)}) + ' %'"


PLAIN = ",.4~r"  # of a number in a tooltip


def equal_within(values: Iterable[float]) -> bool:
    """Whether several values are so nearly equal that an axis between them would show a slope where there is none."""
    known = list(values)
    largest = max(map(abs, known), default=0.0)
    return len(known) > 1 and max(known) - min(known) < EQUAL_WITHIN * largest
