"""Numbers of layers as a regular expression, short enough to read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ANY_LAYER = "[0-9]+"


def layers_pattern(layers: Iterable[int]) -> str:
    """A pattern that matches these numbers and no others, whole.

    >>> layers_pattern([0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31])
    '([0-369]|1[258]|2[147-9]|3[01])'
    >>> layers_pattern(range(30)), layers_pattern([7]), layers_pattern([10, 110])
    ('([0-9]|[12][0-9])', '7', '(1|11)0')
    """
    ends_of: dict[str, list[int]] = defaultdict(list)
    for layer in sorted(set(layers)):
        ends_of[str(layer)[:-1]].append(layer % 10)
    parts = [_digits(ends_of.pop(""))] if "" in ends_of else []
    beginnings_of: dict[str, list[str]] = defaultdict(list)
    for beginning, ends in ends_of.items():
        beginnings_of[_digits(ends)].append(beginning)
    parts += [f"{_one_of(beginnings)}{ends}" for ends, beginnings in beginnings_of.items()]
    return one_of(parts)


def one_of(parts: Sequence[str]) -> str:
    """An alternation, without brackets where there is no choice."""
    return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})"


def _one_of(beginnings: Sequence[str]) -> str:
    if all(len(beginning) == 1 for beginning in beginnings):
        return _digits([int(beginning) for beginning in beginnings])
    return one_of(beginnings)


def _digits(digits: Sequence[int]) -> str:
    """`"7"`, `"[258]"`, `"[0-369]"` of ascending digits."""
    if len(digits) == 1:
        return str(digits[0])
    runs: list[list[int]] = []
    for digit in digits:
        if runs and runs[-1][-1] == digit - 1:
            runs[-1].append(digit)
        else:
            runs.append([digit])
    texts = [f"{run[0]}-{run[-1]}" if len(run) > 2 else "".join(map(str, run)) for run in runs]
    return f"[{''.join(texts)}]"
