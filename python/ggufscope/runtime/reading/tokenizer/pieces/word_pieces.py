"""BERT's word pieces: words as a normalizer cuts them, each the longest tokens that fit, from its beginning on."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from .base import SPACE_MARK, Pieces
from .prefixes import Prefixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..metadata_keys import MetadataKeys
    from ..vocabulary import Vocabulary

# Chinese characters are words of their own. (llama.cpp's list has the gap of the library that it follows.)
_CHINESE = (
    range(0x4E00, 0xA000), range(0x3400, 0x4DC0), range(0x20000, 0x2A6E0), range(0x2A700, 0x2B740),
    range(0x2B740, 0x2B820), range(0x2B920, 0x2CEB0), range(0xF900, 0xFB00), range(0x2F800, 0x2FA20),
)  # fmt: skip
SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | set(map(chr, range(0x2000, 0x200B)))


class WordPieces(Pieces):
    """Takes the longest token that fits, again and again; a word that none fits somewhere is unknown as a whole."""

    def __init__(self, vocabulary: Vocabulary, keys: MetadataKeys) -> None:
        """Read what the normalizer does.

        Raises:
            GGUFError: An option is no bool, or the vocabulary has no token for unknown words.
        """
        if vocabulary.unknown is None:
            raise keys.refusal("unknown_token_id", "word pieces need a token for unknown words, and the file has none")
        self._unknown = vocabulary.unknown
        self._known = Prefixes(vocabulary.numbers)
        self._lowers = keys.flag("normalizer.lowercase", True)
        self._strips_accents = keys.flag("normalizer.strip_accents", self._lowers)

    def encode(self, text: str, after_special: bool) -> list[int]:
        del after_special  # makes no difference here
        return [number for word in self._words(text) for number in self._tokens(SPACE_MARK + word)]

    def decode(self, token: str) -> bytes:
        return token.replace(SPACE_MARK, " ").encode("utf-8", "replace")

    def _tokens(self, word: str) -> list[int]:
        numbers: list[int] = []
        place = 0
        while place < len(word):
            match = next(self._known.match(word, place), None)
            if match is None:
                return [self._unknown]
            numbers.append(match[1])
            place += match[0]
        return numbers

    def _words(self, text: str) -> Iterator[str]:
        word: list[str] = []
        for character in _decomposed(text) if self._strips_accents else text:
            category = unicodedata.category(character)
            if character in SPACES or _stands_alone(character, category):
                if word:
                    yield "".join(word)
                word = []
                if character not in SPACES:
                    yield self._lowered(character)
            elif not self._is_dropped(character, category):
                word.append(self._lowered(character))
        if word:
            yield "".join(word)

    def _is_dropped(self, character: str, category: str) -> bool:
        if character == "\ufffd" or category in {"Cc", "Cf", "Co", "Cs"}:
            return True
        return self._strips_accents and category[0] == "M"

    def _lowered(self, character: str) -> str:
        return lowered(character) if self._lowers else character


def lowered(character: str) -> str:
    """A character in lower case, always a single one."""
    return character.lower()[0]


def _decomposed(text: str) -> Iterable[str]:
    """Each character without what a canonical decomposition puts behind it."""
    return (unicodedata.normalize("NFD", character)[0] for character in text)


def _stands_alone(character: str, category: str) -> bool:
    if category[0] == "P" or (character < "\x7f" and category[0] == "S"):
        return True
    return character >= "\u3400" and any(ord(character) in block for block in _CHINESE)
