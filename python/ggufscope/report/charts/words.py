"""Names and numbers as the sentences and labels of charts have them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ...models.stacks import layer_ranges
from ...text.escape import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NAME = 40


def name(text: object, longest: int = LONGEST_NAME) -> str:
    """A name from a file as charts show it: nothing invisible, not too long."""
    shown = escape(text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def unique(texts: Sequence[str], longest: int = LONGEST_NAME) -> list[str]:
    """The names of several texts; those that look alike are numbered, `"long… (2)"`."""
    seen: dict[str, int] = {}
    found = []
    for text in texts:
        shown = name(text, longest)
        seen[shown] = seen.get(shown, 0) + 1
        found.append(shown if seen[shown] == 1 else f"{shown} ({seen[shown]})")
    return found


def words(identifier: str) -> str:
    """`"ffn_dominance"` → `"FFN dominance"`."""
    return re.sub(r"\bffn\b", "FFN", identifier.replace("_", " "))


def stem(*parts: str) -> str:
    """A file stem of what may be any text."""
    return "-".join(filter(None, (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")[:40] for part in parts)))


def number(value: float | None) -> str:
    """A number in a sentence."""
    return "undefined" if value is None else written(value)


_SMALLEST, _LARGEST = 1e-5, 1e6  # that are written out
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def written(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, as people write it and as axes have it.

    >>> [written(x) for x in (0.0, 0.0123456, 1049.8, 24926.2, 3.194e-6, -2e7, 1e9)]
    ['0', '0.0123', '1 050', '24 900', '3.19·10⁻⁶', '−2·10⁷', '10⁹']
    """
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0 or _SMALLEST <= abs(rounded) < _LARGEST or not math.isfinite(rounded):
        text = f"{rounded:,.12f}".rstrip("0").rstrip(".") if math.isfinite(rounded) else str(rounded)
        return text.replace(",", " ").replace("-", "−")
    mantissa, power = f"{rounded:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−") if "." in mantissa else mantissa.replace("-", "−")
    times = {"1": "", "−1": "−"}.get(mantissa, f"{mantissa}·")
    return f"{times}10{str(int(power)).translate(_SUPERSCRIPTS)}"


def ends(low: float, high: float, form: str = "") -> tuple[str, str]:
    """Two values in a sentence, with as many digits as tell them apart; three if that is enough.

    `form` is that of their axis: "%" for shares.
    """
    for digits in range(3, 11):
        texts = tuple(_digits(value, digits, form) for value in (low, high))
        if texts[0] != texts[1] or low == high:
            break
    return texts[0], texts[1]


def _digits(value: float, digits: int, form: str) -> str:
    plain = value if form != "%" else 100 * value
    text = written(plain, digits)
    return f"{text} %" if form == "%" else text


def count_in_words(n: int) -> str:
    """`"1.05 G"` parameters, in powers of a thousand."""
    return _scaled(n, ("", " k", " M", " G", " T"))


def bytes_in_words(n: int) -> str:
    """`"1.05 GB"`, in powers of a thousand."""
    return _scaled(n, (" B", " kB", " MB", " GB", " TB"))


def _scaled(n: int, units: Sequence[str]) -> str:
    step, value = 0, float(n)
    while step < len(units) - 1 and float(f"{value:.3g}") >= 1000:
        step, value = step + 1, value / 1000
    return f"{value:.3g}{units[step]}"


def listed(items: Sequence[str]) -> str:
    """`"a, b and c"`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def layers_in_words(layers: Sequence[int]) -> str:
    """`"layer 3"`, `"layers 0-2"`."""
    return f"layer{'s' if len(layers) > 1 else ''} {layer_ranges(list(layers))}"
