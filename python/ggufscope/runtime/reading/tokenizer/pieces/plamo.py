"""PLaMo 2's vocabulary: of all ways to split a text into tokens, the one with the highest sum of rounded scores.

Where two are equal, the longer token counts; a character that no token has costs 1000 and becomes its bytes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .....models.tokens import TokenType
from .base import ByteTokens, Pieces, byte_of
from .prefixes import Prefixes

if TYPE_CHECKING:
    from ..metadata_keys import MetadataKeys
    from ..vocabulary import Vocabulary

_UNIT = 1e4  # scores are rounded to its inverse
_UNKNOWN, _LOWEST = -10_000_000, -20_000_000  # in that unit; a score of at most the lowest is none
_BYTE_ORDER_MARK = "\ufeff"


class Plamo(Pieces):
    """Goes from the end of a text to its beginning, as llama.cpp's `llm_tokenizer_plamo2` does."""

    def __init__(self, vocabulary: Vocabulary, keys: MetadataKeys) -> None:
        """Read the scores.

        Raises:
            GGUFError: They are missing or malformed, or a byte has no token.
        """
        types = vocabulary.stored_types.tolist()
        named = {byte_of(text) for text, kind in zip(vocabulary.tokens, types, strict=True) if kind == TokenType.BYTE}
        missing = next((byte for byte in range(256) if byte not in named), None)
        if missing is not None:
            raise keys.refusal("tokens", f"no byte token for 0x{missing:02X}")
        self._bytes = ByteTokens(vocabulary.numbers, keys.path)
        scores = keys.scores(len(vocabulary.tokens)).tolist()
        self._scores = {
            number: rounded
            for number, kind in enumerate(types)
            if kind != TokenType.BYTE and (rounded := _rounded(scores[number])) > _LOWEST
        }
        self._known = Prefixes({vocabulary.tokens[number]: number for number in self._scores})

    def encode(self, text: str, after_special: bool) -> list[int]:
        del after_special  # makes no difference here
        text = text.removeprefix(_BYTE_ORDER_MARK)
        # For every place the best way from there to the end: its cost, length of its first token, the token.
        ways: list[tuple[int, int, int | None]] = [(0, 0, None)] * (len(text) + 1)
        for place in reversed(range(len(text))):
            unknown = (ways[place + 1][0] - _UNKNOWN, 1, None)
            known = (
                (ways[place + length][0] - self._scores[number], length, number)
                for length, number in self._known.match(text, place)
            )
            ways[place] = min(
                (*known, unknown), key=lambda way: way[0]
            )  # the first of equal ones, which is the longest
        numbers: list[int] = []
        place = 0
        while place < len(text):
            _, length, number = ways[place]
            numbers += self._bytes.encode(text[place]) if number is None else [number]
            place += length
        return numbers

    def decode(self, token: str) -> bytes:
        return token.encode("utf-8", "replace")

    def piece(self, token: str, kind: int) -> bytes:
        """Bytes of a token: of a byte's, or its text, whatever its type."""
        byte = byte_of(token) if kind == TokenType.BYTE else None
        return self.decode(token) if byte is None else bytes([byte])


def _rounded(score: float) -> int:
    """A score in units, halves away from zero; the lowest where it is infinite."""
    if not math.isfinite(score):
        return _LOWEST
    return int(math.copysign(math.floor(abs(score * _UNIT) + 0.5), score))
