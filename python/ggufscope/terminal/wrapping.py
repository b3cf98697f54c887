"""Text in lines of a width, broken between words and never within a number, its unit, a place or a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUP = re.compile(r"(?:^|\D)\d{1,3}$")  # what the groups of "49 152" come behind
_NEXT_GROUP = re.compile(r"\d{3}(?!\d)")
_NUMBER = re.compile(r"(?:^|[(\[|~<>=+−-])\d(?:[\d.,e+−-]*\d)?$")
_UNIT = re.compile(r"[^\W\d]|[%°]")
_JOINTS = frozenset({"×", "x", "→", "->", "=", "<", ">", "≤", "≥", "<=", ">="})  # no line ends beside one
_DOTS = frozenset({"·", "|"})  # no line begins with one
_RATIO = "per"  # "bits per weight" is one unit
_WORD = re.compile(r"[^ ]+")
_SOFT = re.compile(r"[,/|\N{NO-BREAK SPACE}]")  # where a word that is wider than a line is broken, behind one of these


def wrapped(text: Text, width: int, *, fold: bool = True) -> list[Text]:
    """The lines of a text, each at most `width` cells wide; a word that is wider is folded, or stays as it is.

    >>> [line.plain for line in wrapped(Text("tokens: 49 152 of 5.74 bits"), 10)]
    ['tokens:', '49 152 of', '5.74 bits']
    """
    lines = [piece for line in text.split("\n", allow_blank=True) for piece in _wrapped_line(line, max(width, 1), fold)]
    return lines or [Text()]


def _wrapped_line(line: Text, width: int, fold: bool) -> Iterator[Text]:
    plain = line.plain
    if cell_len(plain) <= width:
        yield line
        return
    start = end = 0  # of the line being filled; an indent is part of its first word
    for first, last in _pieces(plain, width, fold):
        if end > start and cell_len(plain[start:last]) > width:
            yield line[start:end]
            start = first
        end = last
    yield line[start:end]


def _pieces(plain: str, width: int, fold: bool) -> Iterator[tuple[int, int]]:
    """Begin and end of what stays together: words, joined ones as far as they fit a line, of wide ones parts."""
    for words in _joined(plain):
        first, last = words[0][0], words[-1][1]
        if cell_len(plain[first:last]) <= width:
            yield first, last
        else:
            for begin, end in words:
                yield from _parts(plain, begin, end, width if fold else end - begin)


def _joined(plain: str) -> Iterator[list[tuple[int, int]]]:
    """The words of a text in groups that stay in one line."""
    group: list[tuple[int, int]] = []
    for match in _WORD.finditer(plain):
        if group and not _stays(plain[slice(*group[-1])], match[0]):
            yield group
            group = []
        group.append(match.span())
    if group:
        yield group


def _stays(word: str, following: str) -> bool:
    """Whether no line may end between two words."""
    if word in _JOINTS or following in _JOINTS or following in _DOTS:
        return True
    if _GROUP.search(word) and _NEXT_GROUP.match(following):
        return True
    if _NUMBER.search(word) and _UNIT.match(following):
        return True
    return _RATIO in {word, following} or word.count("[") > word.count("]")


def _parts(plain: str, begin: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    """A word in parts that fit a line: behind commas, slashes and bars where it has some, else anywhere."""
    while cell_len(plain[begin:end]) > width:
        fits = begin + 1
        while fits < end and cell_len(plain[begin : fits + 1]) <= width:
            fits += 1
        soft = [match.end() for match in _SOFT.finditer(plain, begin, fits)]
        cut = soft[-1] if soft else fits
        yield begin, cut
        begin = cut
    yield begin, end
