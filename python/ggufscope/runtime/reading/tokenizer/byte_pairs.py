"""Byte-level byte-pair encoding, by the `tokenizers` library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core import GGUFError
from ....extras import need
from ....models.tokens import byte_characters
from .pre_tokenizers import PRE_TOKENIZERS

if TYPE_CHECKING:
    from .pre_tokenizers import PreTokenizer
    from .vocabulary import Vocabulary


class BytePairs:
    """Merges the bytes of each word in the order of the merges."""

    def __init__(self, vocabulary: Vocabulary, path: str) -> None:
        """Build the library's tokenizer.

        Raises:
            GGUFError: Merges and vocabulary do not fit, or the pre-tokenizer is not known; names the key.
            MissingExtraError: The library is not installed.
        """
        need("tokenizers", "trace")
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers  # noqa: PLC0415

        self._path = path
        pre_tokenizer = _pre_tokenizer(vocabulary.pre, path)
        merges = _merges(vocabulary, path)
        bpe = models.BPE(vocab=vocabulary.numbers, merges=merges, ignore_merges=pre_tokenizer.whole_words)
        self._tokenizer = Tokenizer(bpe)
        cut = pre_tokenizers.Split(Regex(pre_tokenizer.expression), "isolated")
        to_characters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, to_characters])
        characters = byte_characters()
        self._bytes = {character: byte for byte, character in enumerate(characters)}
        self._missing = [byte for byte, character in enumerate(characters) if character not in vocabulary.numbers]

    def encode(self, text: str, after_special: bool) -> list[int]:
        """Tokens of a text without special tokens.

        Raises:
            GGUFError: The vocabulary lacks a byte of the text.
        """
        del after_special  # makes no difference here
        for byte in self._missing:  # the library would leave it out silently
            if byte in text.encode():
                raise GGUFError(f"{self._path}: tokenizer.ggml.tokens: no token for byte 0x{byte:02X}")
        numbers: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return numbers

    def decode(self, token: str) -> bytes:
        """Bytes of the text of a normal token."""
        return b"".join(
            bytes([self._bytes[character]]) if character in self._bytes else character.encode("utf-8", "replace")
            for character in token
        )


def _pre_tokenizer(pre: str | None, path: str) -> PreTokenizer:
    if pre not in PRE_TOKENIZERS:
        known = ", ".join(PRE_TOKENIZERS)
        raise GGUFError(f"{path}: tokenizer.ggml.pre: pre-tokenizer {pre!r} is not supported; there are {known}")
    return PRE_TOKENIZERS[pre]


def _merges(vocabulary: Vocabulary, path: str) -> list[tuple[str, str]]:
    """Pairs in order, without repetitions: the first counts, where the library would take the last."""
    pairs: dict[tuple[str, str], None] = {}
    known = vocabulary.numbers
    for number, merge in enumerate(vocabulary.merges or ()):
        space = merge.find(" ", 1)
        left, right = merge[:space], merge[space + 1 :]
        if space < 0 or not right:
            raise GGUFError(f"{path}: tokenizer.ggml.merges: merge {number}, {merge!r}, is not two tokens")
        unknown = next((text for text in (left, right, left + right) if text not in known), None)
        if unknown is not None:
            raise GGUFError(f"{path}: tokenizer.ggml.merges: merge {number} needs {unknown!r}, which is no token")
        pairs[left, right] = None
    return list(pairs)
