"""Numbers as people read them: at a length that fits a cell, with units, in columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def short(value: float) -> str:
    """A number in at most eight characters.

    >>> [short(x) for x in (0.0, 0.012345, 1234.5, 3.2e-7, -123456.0)]
    ['0', '0.01235', '1234', '3.2e-07', '-1.2e+05']
    """
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e5:
        text = f"{value:.4g}"
        return text if "e" not in text else f"{value:.0f}"
    return f"{value:.1e}"


def rounded(value: float) -> str:
    """A number as a sentence has it: whole from 1000 on.

    >>> [rounded(x) for x in (0.012345, 216.52, -24926.2, 103794.9, 3.1e9)]
    ['0.01235', '216.5', '-24 926', '103 795', '3.10 B']
    """
    if not abs(value) >= 1000 or math.isinf(value):
        return short(value)
    return ("-" if value < 0 else "") + count_text(round(abs(value)))


def aligned(values: Sequence[float | None], nothing: str) -> list[str]:
    """The numbers of a column, as many decimals as give the largest four digits; the tiny ones as `short` has them.

    >>> aligned([0.1234567, 12.0, 0.0001, 0.0, None], "-")
    ['0.1235', '12.00', '0.0001', '0', '-']
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    decimals = max(0, 3 - math.floor(math.log10(largest))) if largest > 0 else 0
    smallest = 10.0 ** (2 - decimals)  # of which three digits are left

    def text(value: float | None) -> str:
        if value is None:
            return nothing
        plain = 1e-4 <= largest < 1e5 and abs(value) >= smallest
        return f"{value:.{decimals}f}" if plain else short(value)

    return [text(value) for value in values]


def percent(share: float) -> str:
    """A share in percent, without the sign; what is not quite 100 does not read as 100.

    >>> [percent(x) for x in (0.0, 1.0, 0.999999, 0.12345, 0.00042, 2e-8)]
    ['0', '100', '99.9999', '12.35', '0.042', '2e-06']
    """
    value = 100 * share
    if value in {0, 100}:
        return f"{value:.0f}"
    text = f"{value:.4g}" if value >= 1 else f"{value:.2g}"
    return f"{value:.10g}" if text == "100" else text


def rate(value: float, unit: str) -> str:
    """Something per second, in powers of 1000.

    >>> rate(6.712e9, "param"), rate(999.96e6, "B"), rate(12.0, "B")
    ('6.71 Gparam/s', '1 GB/s', '12 B/s')
    """
    prefixes = ("", "k", "M", "G", "T", "P")
    step = 0
    while step < len(prefixes) - 1 and float(f"{value:.3g}") >= 1000:
        value, step = value / 1000, step + 1
    return f"{value:.3g} {prefixes[step]}{unit}/s"


def bytes_text(n_bytes: int) -> str:
    """`"4.91 GB"`, powers of 1000."""
    value, unit = float(n_bytes), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{n_bytes} B" if unit == 0 else f"{_three_digits(value)} {_UNITS[unit]}"


def count_text(count: int) -> str:
    """`"8.03 B"` for 8 030 261 248, `"4 096"` below a million."""
    for limit, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if count >= limit * 0.9995:
            return f"{_three_digits(count / limit)} {unit}"
    return f"{count:,}".replace(",", " ")


def _three_digits(value: float) -> str:
    return f"{value:#.3g}".rstrip(".")


def shape_text(shape: Sequence[int]) -> str:
    """`"4096 × 14336"`; that of a scalar has no extents.

    >>> shape_text((2, 3)), shape_text(())
    ('2 × 3', 'a scalar')
    """
    return " × ".join(map(str, shape)) or "a scalar"


def counted(count: int, noun: str) -> str:
    """`"1 layer"`, `"5 layers"`."""
    return f"{count_text(count)} {noun}{'' if count == 1 else 's'}"
