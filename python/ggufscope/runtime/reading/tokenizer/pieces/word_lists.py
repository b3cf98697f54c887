"""Byte pairs of texts from which another rule takes its part first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..pre_tokenizers import PRE_TOKENIZERS
from .byte_pairs import BytePairs
from .word_pieces import SPACES, lowered

if TYPE_CHECKING:
    from ..metadata_keys import MetadataKeys
    from ..vocabulary import Vocabulary

_SPACE = re.compile("[" + re.escape("".join(sorted(SPACES))) + "]+")

_DNA = re.compile(r"<dna>(.*?)(</dna>|\Z)", re.DOTALL)
_BASES = 6  # a token
_DNA_MARK = "\ue000"  # ends the text of a token of bases, which may be a word, too


class SpacedWords(BytePairs):
    """Leaves white space out (Jina's Chinese embedding models)."""

    def __init__(self, vocabulary: Vocabulary, keys: MetadataKeys) -> None:
        """Read whether letters become lower case.

        Raises:
            GGUFError, MissingExtraError: As for byte pairs.
        """
        super().__init__(vocabulary, keys)
        self._lowers = keys.flag("normalizer.lowercase", vocabulary.pre is not PRE_TOKENIZERS["whitespace"])

    def encode(self, text: str, after_special: bool) -> list[int]:
        words = [word for word in _SPACE.split("".join(map(lowered, text)) if self._lowers else text) if word]
        return [number for word in words for number in super(SpacedWords, self).encode(word, after_special)]


class DnaWords(BytePairs):
    """Reads six bases as a token between `<dna>` and `</dna>`; a last one with fewer is filled with A."""

    def __init__(self, vocabulary: Vocabulary, keys: MetadataKeys) -> None:
        """Look up the tokens around bases.

        Raises:
            GGUFError, MissingExtraError: As for byte pairs.
        """
        super().__init__(vocabulary, keys)
        tags = [vocabulary.numbers.get(text) for text in ("<dna>", "</dna>", "<oov>")]
        self._tags = [number for number in tags if number is not None]

    def encode(self, text: str, after_special: bool) -> list[int]:
        if len(self._tags) < 3:  # the vocabulary knows no bases
            return super().encode(text, after_special)
        opening, closing, unknown = self._tags
        numbers: list[int] = []
        place = 0
        for match in _DNA.finditer(text):
            numbers += self._plain(text[place : match.start()], after_special)
            bases = match[1].encode().upper()
            words = (bases[first : first + _BASES].ljust(_BASES, b"A") for first in range(0, len(bases), _BASES))
            known = (self._numbers.get(word.decode("utf-8", "replace") + _DNA_MARK) for word in words)
            numbers += [opening, *(unknown if number is None else number for number in known)]
            numbers += [closing] if match[2] else []
            place = match.end()
        return numbers + self._plain(text[place:], after_special)

    def _plain(self, text: str, after_special: bool) -> list[int]:
        return super().encode(text, after_special) if text else []

    def piece(self, token: str, kind: int) -> bytes:
        """Bytes of a token, of bases without their mark."""
        return super().piece(token.removesuffix(_DNA_MARK), kind)
