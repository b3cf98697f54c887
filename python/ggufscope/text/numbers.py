"""Numbers as people read them: at a length that fits a cell, with units, in columns."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
BYTES_OF_UNIT = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}  # in capitals, as people write them
BYTES_OF_UNIT |= {f"{prefix}IB": 2 ** (10 * power) for power, prefix in enumerate("KMGT", 1)}
_BYTES = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([kmgt]?i?b)\s*", re.IGNORECASE)


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


def rounded_percent(share: float, decimals: int = 1) -> str:
    """A share in percent, rounded; neither a little reads as 0 nor nearly all as 100.

    >>> [rounded_percent(x) for x in (0.0, 0.00008, 0.2019877, 0.9999715, 1.0)]
    ['0', '0.008', '20.2', '99.997', '100']
    """
    near = round(share, 2 + decimals)
    if near == 0:
        return percent(float(f"{share:.1g}"))
    if near == 1 and share < 1:
        return f"{100 - float(f'{100 * (1 - share):.1g}'):.10g}"
    return percent(near)


def listed(texts: Sequence[str]) -> str:
    """Some things in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([*([", ".join(texts[:-1])] if len(texts) > 1 else []), texts[-1]])


def numbered(noun: str, numbers: Sequence[int]) -> str:
    """`"layer 3"`, `"layers 1, 3"`."""
    return f"{noun}{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


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


def bytes_in(text: str) -> int | None:
    """The bytes that a text as `256MB` or `1.5 GiB` says; None where it says none.

    >>> bytes_in("256MB"), bytes_in("1.5 GiB"), bytes_in("256")
    (256000000, 1610612736, None)
    """
    match = _BYTES.fullmatch(text)
    return None if match is None else int(float(match[1]) * BYTES_OF_UNIT[match[2].upper()])


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
