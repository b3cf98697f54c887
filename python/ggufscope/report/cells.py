"""What fills the cells of terminal tables: numbers at a readable length, bars and curves."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..escape import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.:-=+*#"


@dataclass(frozen=True)
class Glyphs:
    """The characters a stream can show."""

    blocks: bool  # the block elements, "×", "·", "…" and their like

    @classmethod
    def of(cls, encoding: str) -> Glyphs:
        try:
            (_EIGHTHS + _LEVELS + "×·–…σ").encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return cls(blocks=False)
        return cls(blocks=True)

    @property
    def dot(self) -> str:
        return "·" if self.blocks else "|"

    @property
    def times(self) -> str:
        return "×" if self.blocks else "x"

    @property
    def nothing(self) -> str:
        return "–" if self.blocks else "-"

    @property
    def more(self) -> str:
        """What stands for the rest of something cut off."""
        return "…" if self.blocks else "..."

    def shape(self, shape: Sequence[int]) -> str:
        """`"4096 × 14336"`."""
        return f" {self.times} ".join(map(str, shape)) if shape else "scalar"

    def cut(self, text: object, length: int) -> str:
        """Escaped text of a file, at most `length` characters of it, where a line is expected."""
        shown = escape(text)
        return shown if len(shown) <= length else shown[: length - len(self.more)] + self.more

    def sigma(self, reach: int) -> str:
        """What lies further from the mean than `reach` standard deviations."""
        return f">{reach}σ" if self.blocks else f">{reach}std"

    def bar(self, value: float | None, largest: float, width: int) -> str:
        """A bar from zero, `width` cells long for `largest`; empty for nothing and for negative values.

        >>> Glyphs(blocks=True).bar(0.75, 1.0, 2)
        '█▌'
        """
        if value is None or largest <= 0 or value <= 0 or width <= 0:
            return " " * max(width, 0)
        steps = max(1, round(min(value / largest, 1.0) * width * 8))
        if not self.blocks:
            return ("#" * max(1, round(steps / 8))).ljust(width)
        return ("█" * (steps // 8) + _EIGHTHS[steps % 8].strip()).ljust(width)

    def curve(self, values: Sequence[float | None]) -> str:
        """One character per value, from the lowest of them to the highest; a space for None.

        Values that differ by less than a tenth of the largest magnitude do not fill the height: noise stays low.

        >>> Glyphs(blocks=True).curve([0.0, 1.0, None, 7.0])
        '▁▂ █'
        """
        known = [value for value in values if value is not None]
        if not known:
            return ""
        levels = _LEVELS if self.blocks else _ASCII_LEVELS
        low = min(known)
        span = max(max(known) - low, 0.1 * max(map(abs, known)))
        top = len(levels) - 1
        return "".join(
            " " if value is None else levels[round((value - low) / span * top) if span > 0 else 0] for value in values
        )


def condensed(values: Sequence[tuple[float, float] | None], width: int) -> list[float | None]:
    """At most `width` root mean squares from (sum of squares, count) pairs, neighbours merged where there are more."""
    n = min(width, len(values))
    bounds = [round(i * len(values) / n) for i in range(n + 1)] if n else []
    out: list[float | None] = []
    for first, last in itertools.pairwise(bounds):
        pairs = [pair for pair in values[first:last] if pair is not None]
        count = sum(pair[1] for pair in pairs)
        out.append(math.sqrt(sum(pair[0] for pair in pairs) / count) if count else None)
    return out


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
