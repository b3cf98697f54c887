"""Texts of a report, each piece of which is either ours or comes from a file.

A plain `str` comes from a file: renderers escape all of it. Our own words are `Own`: they may hold `**emphasis**` and
`` `code` ``, which renderers translate. `own` puts texts from files between our own words:

    own("**Exploratory**: {}, {:.2f} of 1", reason_from_a_file, 0.25)

Numbers are ours, whatever they are formatted from.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Own(str):
    """Text of ours, which may hold `**emphasis**` and `` `code` ``."""

    __slots__ = ()


class Rounded(Own):
    """A number as people read it, with the value that a table is sorted by."""

    value: float

    def __new__(cls, text: str, value: float) -> Rounded:
        rounded = super().__new__(cls, text)
        rounded.value = value
        return rounded


@dataclass(frozen=True)
class Link:
    """A link to a part or a chart of the same report, by its name; emphasis where an output has no such places."""

    label: str
    target: str


@dataclass(frozen=True)
class FileLink:
    """A link to a file beside the report.

    Attributes:
        label: text from a file, which every output escapes.
        file: its name from the directory of the report on, `/` between the parts; ours, with nothing to escape.
    """

    label: str
    file: str


Piece = str | Link | FileLink
Words = Piece | tuple[Piece, ...]


def own(template: str, *values: object) -> tuple[Piece, ...]:
    """Our own words, with values in place of `{}`.

    Args:
        template: ours; braces and format specifications as `str.format` has them.
        values: `Words` stay what they are, a plain `str` is text from a file; numbers become our own words.
    """
    given = iter(values)
    pieces: list[Piece] = []
    for text, field, form, _ in Formatter().parse(template):
        pieces.append(Own(text))
        if field is not None:
            pieces += _value(next(given), form or "")
    return tuple(piece for piece in pieces if piece != "")


def _value(value: object, form: str) -> Iterable[Piece]:
    if isinstance(value, tuple):
        return value
    if isinstance(value, (str, Link, FileLink)):
        return (value,)
    return (Own(format(value, form)),)


def pieces(words: Words) -> tuple[Piece, ...]:
    """The pieces of a text in order."""
    return words if isinstance(words, tuple) else (words,)


def joined(texts: Iterable[Words], between: str = ", ") -> tuple[Piece, ...]:
    """Several texts as one, with our own words between them."""

    def interleaved() -> Iterator[Piece]:
        for position, words in enumerate(texts):
            if position:
                yield Own(between)
            yield from pieces(words)

    return tuple(interleaved())
