"""Cuts a text at the special tokens in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....models.tokens import TokenType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .vocabulary import Vocabulary

Fragment = str | int  # plain text, or the number of a special token

# What `isspace` of the C locale takes for white space
_SPACES = " \t\n\v\f\r"


class Fragments:
    """Finds special tokens, the longest first, as llama.cpp's `tokenizer_st_partition` does.

    User-defined tokens are always found; control and unknown tokens only on demand, since a prompt that merely
    mentions `<|eot_id|>` must not end its own turn.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._strips_before = vocabulary.strips_before
        self._strips_after = vocabulary.strips_after
        added = np.flatnonzero(vocabulary.types == TokenType.USER_DEFINED)
        control = np.flatnonzero(np.isin(vocabulary.types, (TokenType.CONTROL, TokenType.UNKNOWN)))
        self._added = _longest_first(vocabulary, added.tolist())
        self._all = _longest_first(vocabulary, [*added.tolist(), *control.tolist()])

    def cut(self, text: str, parse_special: bool) -> list[Fragment]:
        """The fragments of a text in order; none is an empty text."""
        fragments: list[Fragment] = [text] if text else []
        for special, number in self._all if parse_special else self._added:
            if special in text:
                fragments = [part for whole in fragments for part in self._cut_at(whole, special, number)]
        return fragments

    def _cut_at(self, fragment: Fragment, special: str, number: int) -> Iterator[Fragment]:
        if isinstance(fragment, int):
            yield fragment
            return
        before, *rest = fragment.split(special)
        for place, part in enumerate([before, *rest]):
            if place > 0:
                yield number
            kept = part.lstrip(_SPACES) if place > 0 and number in self._strips_after else part
            if place < len(rest) and number in self._strips_before:
                kept = kept.rstrip(_SPACES)
            if kept:
                yield kept


def _longest_first(vocabulary: Vocabulary, numbers: list[int]) -> list[tuple[str, int]]:
    texts = [(vocabulary.tokens[number], number) for number in numbers]
    return sorted(texts, key=lambda item: -len(item[0].encode("utf-8", "replace")))
