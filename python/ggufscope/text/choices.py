"""Choices as messages offer them: names in the order that people count in, and those most like a wrong word first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBER = re.compile(r"([0-9]{1,18})")
_SHORTEST_PART = 3  # characters of a word that is looked for inside others
_MOST_COMPARED = 2000  # names to look for near ones: some 20 ms; a file of 40 000 tensors would take half a second


def natural_key(text: str) -> tuple[str | int, ...]:
    """The key by which texts are sorted as people count.

    >>> sorted(["blk.10.attn_q", "blk.2.attn_q", "blk.2"], key=natural_key)
    ['blk.2', 'blk.2.attn_q', 'blk.10.attn_q']
    """
    return tuple(int(part) if number else part for number, part in _parts(text))


def _parts(text: str) -> Iterable[tuple[bool, str]]:
    """Texts and numbers by turns, a text first."""
    return ((position % 2 == 1, part) for position, part in enumerate(_NUMBER.split(text)))


def near(word: str, choices: Iterable[str], most: int = 3) -> list[str]:
    """The choices that are like a word, those that contain it first; none where there are too many to compare."""
    choices = list(choices)
    if len(choices) > _MOST_COMPARED:
        return []
    from difflib import get_close_matches  # noqa: PLC0415  only for messages

    by_fold = {choice.casefold(): choice for choice in reversed(choices)}
    folded = word.casefold().strip("*?")
    containing = [choice for choice in by_fold if len(folded) >= _SHORTEST_PART and folded in choice]
    alike = [*reversed(containing), *get_close_matches(folded, by_fold, most)]
    return [by_fold[match] for match in list(dict.fromkeys(alike))[:most]]


def offered(word: str, choices: Iterable[str], most: int | None = None) -> str:
    """All choices in one line, those like the word first; with `most`, only so many and how many more there are.

    >>> offered("shap", ["name", "type", "shape"])
    'shape, name, type'
    >>> offered("x", ["name", "type", "shape"], most=2)
    'name, type and 1 more'
    """
    choices = list(dict.fromkeys(choices))
    first = near(word, choices)
    ordered = [*first, *(choice for choice in choices if choice not in set(first))]
    shown = ordered[:most]
    more = len(ordered) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
