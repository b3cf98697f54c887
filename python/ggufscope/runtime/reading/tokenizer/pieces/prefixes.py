"""Finds the tokens that a text begins with."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Text = TypeVar("Text", str, bytes)


class Prefixes(Generic[Text]):
    """The tokens of a vocabulary in order, each with the longest other token that it begins with.

    Of all tokens that a text begins with, the longest stands right in front of the text in that order, or is a
    beginning of the one that does: one search and a walk find them all, in space for one number per token, where a
    trie needs one node per character.
    """

    def __init__(self, numbers: Mapping[Text, int]) -> None:
        """Sort the tokens.

        Args:
            numbers: text → token; none is empty.
        """
        self._texts: list[Text] = sorted(numbers)
        self._numbers = [numbers[text] for text in self._texts]
        self._longest = max(map(len, self._texts), default=0)
        self._shorter = _shorter(self._texts)

    def match(self, text: Text, start: int = 0) -> Iterator[tuple[int, int]]:
        """Length and number of every token that `text[start:]` begins with, the longest first."""
        ahead = text[start : start + self._longest]
        place = bisect_right(self._texts, ahead) - 1
        if place < 0:
            return
        common = common_length(ahead, self._texts[place])
        while place >= 0:
            length = len(self._texts[place])
            if length <= common:
                yield length, self._numbers[place]
            place = self._shorter[place]

    def common(self, text: Text, start: int) -> int:
        """How much of `text[start:]` is the beginning of any token, whole or not."""
        ahead = text[start : start + self._longest]
        place = bisect_right(self._texts, ahead)
        beside = self._texts[max(place - 1, 0) : place + 1]
        return max((common_length(ahead, token) for token in beside), default=0)


def common_length(first: Text, second: Text) -> int:
    """Length of the longest common beginning of two texts."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shorter(texts: list[Text]) -> list[int]:
    """For each of sorted texts the place of the longest other one that it begins with, −1 without one."""
    places, open_places = [], [-1]
    for place, text in enumerate(texts):
        while open_places[-1] >= 0 and not text.startswith(texts[open_places[-1]]):
            open_places.pop()
        places.append(open_places[-1])
        open_places.append(place)
    return places
