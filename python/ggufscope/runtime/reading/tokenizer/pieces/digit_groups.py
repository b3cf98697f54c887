"""Cuts numbers into groups of three digits, counted from their end."""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import Literal


def cut_at_thousands(text: str, digits: Literal["ascii", "number"]) -> list[str]:
    """Cut a text in front of every group of three digits; `llama.cpp` does so before all else.

    Args:
        text: any text.
        digits: `"ascii"`: of 0 to 9, and in front of the first group, too, if it is whole; `"number"`: of all that
            Unicode calls a number, where what stands in front stays with the first group.

    Returns:
        The pieces, none of them empty; together they are the text.
    """
    is_digit = _is_ascii_digit if digits == "ascii" else _is_number
    pieces, begun, start = [], 0, 0
    for inside, run in groupby(text, is_digit):
        end = start + sum(1 for _ in run)
        if inside:
            first = start + ((end - start) % 3 or (0 if digits == "ascii" else 3))
            for cut in range(first, end, 3):
                pieces.append(text[begun:cut])
                begun = cut
            if digits == "number":  # the last group ends a piece
                pieces.append(text[begun:end])
                begun = end
        start = end
    pieces.append(text[begun:])
    return [piece for piece in pieces if piece]


def _is_ascii_digit(character: str) -> bool:
    return "0" <= character <= "9"


def _is_number(character: str) -> bool:
    return unicodedata.category(character)[0] == "N"
