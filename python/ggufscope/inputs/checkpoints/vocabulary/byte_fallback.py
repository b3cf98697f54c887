"""Vocabularies of pairs of characters, single bytes for others (Llama 2), from `tokenizer.json`: `llama` in GGUF."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .token_list import TokenKind, TokenList
from .tokenizer_files import as_object

if TYPE_CHECKING:
    from .tokenizer_files import TokenizerFiles

_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_SCORE = -1000.0  # of every token: the file has an order of merges, and no scores


def is_byte_fallback(files: TokenizerFiles) -> bool:
    """Whether a `tokenizer.json` has such a vocabulary."""
    decoder = as_object((files.tokenizer or {}).get("decoder"))
    model = files.model
    return model.get("type") == "BPE" and model.get("byte_fallback") is True and decoder.get("type") == "Sequence"


def byte_fallback(files: TokenizerFiles) -> TokenList:
    """The tokens of such a vocabulary.

    Raises:
        GGUFError: The file is malformed, or numbers are missing among its tokens.
    """
    vocabulary, added = files.vocabulary(), {each.number: each for each in files.added()}
    texts = {number: text for text, number in vocabulary.items()}
    beside = {number: each.text for number, each in added.items() if number not in texts}
    texts |= beside
    missing = next((number for number in range(len(texts)) if number not in texts), None)
    if missing is not None:
        raise files.refusal("model.vocab", f"no token {missing} of {len(texts)}")
    special = {number for number, each in added.items() if each.special}
    kinds = [_kind(texts[number], number in special, number in beside) for number in range(len(texts))]
    return TokenList(
        "llama", [texts[number] for number in range(len(texts))], kinds, [_SCORE] * len(texts), pre="default"
    )


def _kind(text: str, special: bool, beside: bool) -> int:
    if _BYTE.fullmatch(text) and not beside:
        return TokenKind.BYTE
    if special:
        return TokenKind.CONTROL
    return TokenKind.USER_DEFINED if beside else TokenKind.NORMAL
