"""Byte-level byte-pair encoding, by the `tokenizers` library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core import GGUFError
from ....extras import need
from ....models.tokens import byte_characters

if TYPE_CHECKING:
    from .vocabulary import Vocabulary

_CONTRACTIONS = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
_WORDS = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

_LLAMA_3 = rf"{_WORDS}|\p{{N}}{{1,3}}|{_REST}"
_QWEN_2 = rf"{_WORDS}|\p{{N}}|{_REST}"
_GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

# `tokenizer.ggml.pre` → the expression that cuts a text into words, and whether a word that is a token stays whole
# (llama.cpp, src/llama-vocab.cpp, `llm_tokenizer_bpe` and `load`).
PRE_TOKENIZERS: dict[str, tuple[str, bool]] = {
    "gpt-2": (_GPT_2, False),
    "llama-bpe": (_LLAMA_3, True),
    "llama3": (_LLAMA_3, True),
    "llama-v3": (_LLAMA_3, True),
    "qwen2": (_QWEN_2, False),
}


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
        expression, whole_words = _pre_tokenizer(vocabulary.pre, path)
        merges = _merges(vocabulary, path)
        bpe = models.BPE(vocab=vocabulary.numbers, merges=merges, ignore_merges=whole_words)
        self._tokenizer = Tokenizer(bpe)
        cut = pre_tokenizers.Split(Regex(expression), "isolated")
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


def _pre_tokenizer(pre: str | None, path: str) -> tuple[str, bool]:
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
