"""Vocabularies of byte pairs, `gpt2` in GGUF, from `tokenizer.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cutting import name_of_cutting
from .token_list import TokenKind, TokenList, looks_special

if TYPE_CHECKING:
    from .tokenizer_files import TokenizerFiles


def byte_pairs(files: TokenizerFiles, n_tokens: int | None, architecture: str) -> TokenList:
    """The tokens of a tokenizer of byte pairs.

    Args:
        files: with a `tokenizer.json`.
        n_tokens: rows of the embedding; None where the config does not say.
        architecture: by which names of the same way to cut text are told apart.

    Raises:
        GGUFError: The file is malformed, or has tokens that the embedding has no row for.
    """
    vocabulary, added = files.vocabulary(), {each.number: each for each in files.added()}
    texts = {number: text for text, number in vocabulary.items()} | {each.number: each.text for each in added.values()}
    largest = max(texts, default=-1)
    n_tokens = largest + 1 if n_tokens is None else n_tokens
    if largest >= n_tokens:
        raise files.refusal("model.vocab", f"token {largest} of a vocabulary of {n_tokens}")
    shown: list[str | bytes] = []
    kinds: list[int] = []
    for number in range(n_tokens):
        text = texts.get(number)
        if text is None:
            shown.append(f"[PAD{number}]")
            kinds.append(TokenKind.UNUSED)
        elif number not in added:
            shown.append(text)
            kinds.append(TokenKind.NORMAL)
        elif added[number].special or looks_special(text):
            shown.append(text)
            kinds.append(TokenKind.CONTROL)
        else:
            shown.append(text.replace("▁", " "))
            kinds.append(TokenKind.USER_DEFINED)
    return TokenList("gpt2", shown, kinds, merges=files.merges(), pre=name_of_cutting(files, architecture))
