"""SentencePiece's unigram model: of all ways to split a text into tokens, the one with the highest sum of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .....models.tokens import TokenType
from .base import SPACE_MARK, Pieces
from .character_map import CharacterMap
from .prefixes import Prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..metadata_keys import MetadataKeys
    from ..vocabulary import Vocabulary

_MATCHED = (TokenType.NORMAL, TokenType.USER_DEFINED, TokenType.UNUSED)
_UNKNOWN_PENALTY = np.float32(10)
_LOWEST = -float(np.finfo(np.float64).max)
_SPACE, _MARK = ord(" "), SPACE_MARK.encode()


class Unigram(Pieces):
    """Viterbi's algorithm over the bytes of a normalized text, as llama.cpp's `llm_tokenizer_ugm_session` has it."""

    def __init__(self, vocabulary: Vocabulary, keys: MetadataKeys) -> None:
        """Read scores, normalization and options.

        Raises:
            GGUFError: One of them is malformed, or the vocabulary has no token for what is unknown.
        """
        if vocabulary.unknown is None:
            raise keys.refusal("unknown_token_id", "a unigram model needs an unknown token, and the file has none")
        self._unknown = vocabulary.unknown
        types = vocabulary.stored_types
        scores = keys.scores(len(vocabulary.tokens))
        normal = scores[types == TokenType.NORMAL]
        lowest = normal.min() if normal.size else np.finfo(np.float32).max
        self._unknown_score = float(np.float32(lowest) - _UNKNOWN_PENALTY)
        self._scores = np.where(types == TokenType.USER_DEFINED, 0.0, scores.astype(np.float64)).tolist()
        data = [token.encode("utf-8", "replace") for token in vocabulary.tokens]
        self._known = Prefixes({data[number]: number for number in np.flatnonzero(np.isin(types, _MATCHED)).tolist()})
        added = np.flatnonzero(types == TokenType.USER_DEFINED).tolist()
        self._added = Prefixes({data[number]: number for number in added})
        self._map = CharacterMap(keys)
        self._add_space = vocabulary.add_space
        self._merges_spaces = keys.flag("remove_extra_whitespaces", False)

    def encode(self, text: str, after_special: bool) -> list[int]:
        del after_special  # makes no difference here
        data = self._normalized(text.encode())
        return self._best(data) if data else []

    def decode(self, token: str) -> bytes:
        return token.replace(SPACE_MARK, " ").encode("utf-8", "replace")

    def _best(self, data: bytes) -> list[int]:
        """Tokens of the best split; what is unknown side by side is one token."""
        # For every place the best way there: sum of scores, last token, where that begins.
        ways = [(_LOWEST, self._unknown, 0)] * (len(data) + 1)
        ways[0] = (0.0, self._unknown, 0)
        place = 0
        while place < len(data):
            width = min(_width(data[place]), len(data) - place)
            total, is_known = ways[place][0], False
            for length, number in self._known.match(data, place):
                is_known |= length == width
                if total + self._scores[number] > ways[place + length][0]:
                    ways[place + length] = (total + self._scores[number], number, place)
            if not is_known and total + self._unknown_score > ways[place + width][0]:
                ways[place + width] = (total + self._unknown_score, self._unknown, place)
            place += width
        numbers: list[int] = []
        for number in reversed(list(_backwards(ways))):
            if not numbers or number != self._unknown or numbers[-1] != self._unknown:
                numbers.append(number)
        return numbers

    def _normalized(self, data: bytes) -> bytes:
        """The text with characters mapped and spaces marked, as the options want them."""
        kept = bytearray()
        in_word = has_space = False
        for byte in self._mapped(data):
            if byte == _SPACE:
                in_word = False
                kept += b"" if self._merges_spaces else _MARK
                continue
            if not in_word and (self._merges_spaces or (self._add_space and not has_space)):
                kept += _MARK
                has_space = True
            in_word = True
            kept.append(byte)
        return bytes(kept)

    def _mapped(self, data: bytes) -> Iterator[int]:
        place = 0
        while place < len(data):
            added = self._added.common(data, place)  # not only of whole tokens, and so does llama.cpp
            rule = None if added else self._map.longest(data, place)
            if rule is None:
                length = added or _whole(data, place)
                yield from data[place : place + length] if length else "\ufffd".encode()
                place += max(length, 1)
            else:
                yield from rule[0]
                place += rule[1]


def _backwards(ways: list[tuple[float, int, int]]) -> Iterator[int]:
    place = len(ways) - 1
    while True:
        _, number, place = ways[place]
        yield number
        if place == 0:
            return


def _width(byte: int) -> int:
    """How many bytes a character has by its first one."""
    return 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


def _whole(data: bytes, place: int) -> int:
    """How many bytes the character at a place has, 0 where none begins or it is not complete."""
    width = _width(data[place])
    rest = data[place + 1 : place + width]
    is_whole = not 0x80 <= data[place] < 0xC0 and len(rest) == width - 1
    return width if is_whole and all(byte & 0xC0 == 0x80 for byte in rest) else 0
