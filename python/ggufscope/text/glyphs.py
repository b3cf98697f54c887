"""The characters that an output can show, and the bars and curves drawn with them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .escape import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_TEXT = 200  # characters of a name from a file in a headline or a cell

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS = "_.:-=+*#"


@dataclass(frozen=True)
class Glyphs:
    """The characters a stream can show."""

    blocks: bool  # the block elements, "×", "·", "…" and their like

    @classmethod
    def of(cls, encoding: str | None) -> Glyphs:
        """Those of a stream's encoding; a stream of texts (`io.StringIO`) has none, and shows all."""
        if encoding is None:
            return cls(blocks=True)
        try:
            (_EIGHTHS + _LEVELS + "×·–…σ→Σ²−₁₀").encode(encoding)
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
    def plus_minus(self) -> str:
        return "±" if self.blocks else "+-"

    @property
    def arrow(self) -> str:
        return "→" if self.blocks else "->"

    @property
    def nothing(self) -> str:
        return "–" if self.blocks else "-"

    @property
    def more(self) -> str:
        """The mark in place of text that was cut off."""
        return "…" if self.blocks else "..."

    def shape(self, shape: Sequence[int]) -> str:
        """`"4096 × 14336"`."""
        return f" {self.times} ".join(map(str, shape)) if shape else "scalar"

    def cut(self, text: object, length: int) -> str:
        """Escaped text of a file, at most `length` characters of it, where a line is expected."""
        shown = escape(str(text)[: length + 1])  # escapes are longer than what they stand for, and a text may be huge
        return shown if len(shown) <= length else shown[: length - len(self.more)] + self.more

    def sigma(self, reach: int) -> str:
        """The label of weights further from the mean than `reach` standard deviations."""
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
