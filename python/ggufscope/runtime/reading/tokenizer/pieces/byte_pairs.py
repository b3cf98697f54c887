"""Byte-pair encoding, by the `tokenizers` library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .....extras import need
from .....models.tokens import byte_characters
from .base import SPACE_MARK, Pieces, no_byte
from .digit_groups import cut_at_thousands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..metadata_keys import MetadataKeys
    from ..vocabulary import Vocabulary

_LINES = re.compile(r"[^\n]+|\n+")


class BytePairs(Pieces):
    """Merges the bytes or characters of each word in the order of the merges."""

    def __init__(self, vocabulary: Vocabulary, keys: MetadataKeys) -> None:
        """Build the library's tokenizer.

        Raises:
            GGUFError: Merges and vocabulary do not fit; names the key.
            MissingExtraError: The library is not installed.
        """
        need("tokenizers", "trace")
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers  # noqa: PLC0415

        self._path = keys.path
        self._numbers = vocabulary.numbers
        self._pre = vocabulary.pre
        bpe = models.BPE(
            vocab=vocabulary.numbers,
            merges=_merges(vocabulary, keys, self._pre.needs_merges),
            ignore_merges=self._pre.whole_words,
            byte_fallback=not self._pre.byte_level,
        )
        self._tokenizer = Tokenizer(bpe)
        steps: list[pre_tokenizers.PreTokenizer] = [
            pre_tokenizers.Split(Regex(expression), "isolated") for expression in self._pre.expressions
        ]
        if self._pre.byte_level:
            steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
        self._bytes = {character: byte for byte, character in enumerate(byte_characters())}
        self._missing = frozenset(self._missing_bytes())

    def _missing_bytes(self) -> Iterator[int]:
        for byte, character in enumerate(byte_characters()):
            if (character if self._pre.byte_level else f"<0x{byte:02X}>") not in self._numbers:
                yield byte

    def encode(self, text: str, after_special: bool) -> list[int]:
        del after_special  # makes no difference here
        marked = text.replace(" ", SPACE_MARK) if self._pre.marks_spaces else text
        if not self._pre.whole_newlines:
            return self._merged(marked)
        return [number for line in _LINES.findall(marked) for number in self._line(line)]

    def _line(self, line: str) -> list[int]:
        number = self._numbers.get(line) if line[0] == "\n" else None
        return self._merged(line) if number is None else [number]

    def _merged(self, text: str) -> list[int]:
        self._require_bytes(text)
        pieces = [text] if self._pre.digits is None else cut_at_thousands(text, self._pre.digits)
        numbers: list[int] = self._tokenizer.encode(pieces, is_pretokenized=True, add_special_tokens=False).ids
        return numbers

    def _require_bytes(self, text: str) -> None:
        """Refuse a text that needs a missing byte: the library would leave it out silently, and so does llama.cpp."""
        if not self._missing:
            return
        unknown = text if self._pre.byte_level else "".join(set(text) - self._numbers.keys())
        missing = self._missing.intersection(unknown.encode())
        if missing:
            raise no_byte(self._path, min(missing))

    def decode(self, token: str) -> bytes:
        if not self._pre.byte_level:
            shown = token.replace(SPACE_MARK, " ") if self._pre.marks_spaces else token
            return shown.encode("utf-8", "replace")
        return b"".join(
            bytes([self._bytes[character]]) if character in self._bytes else character.encode("utf-8", "replace")
            for character in token
        )


def _merges(vocabulary: Vocabulary, keys: MetadataKeys, needed: bool) -> list[tuple[str, str]]:
    """Pairs in order, without repetitions: the first counts, where the library would take the last."""
    if not needed and "merges" not in keys:
        return []
    pairs: dict[tuple[str, str], None] = {}
    known = vocabulary.numbers
    for number, merge in enumerate(keys.strings("merges")):
        space = merge.find(" ", 1)
        left, right = merge[:space], merge[space + 1 :]
        if space < 0 or not right:
            raise keys.refusal("merges", f"merge {number}, {merge!r}, is not two tokens")
        if left not in known or right not in known or left + right not in known:
            unknown = next(text for text in (left, right, left + right) if text not in known)
            raise keys.refusal("merges", f"merge {number} needs {unknown!r}, which is no token")
        pairs[left, right] = None
    return list(pairs)
