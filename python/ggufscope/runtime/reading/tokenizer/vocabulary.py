"""The vocabulary of a model, as it was read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .pre_tokenizers import PreTokenizer


@dataclass(frozen=True)
class Vocabulary:
    """The vocabulary and the rules of a tokenizer that every kind has, from the metadata.

    Attributes:
        kind: as llama.cpp abbreviates it, `"BPE"` for byte-level merges, `"SPM"` for SentencePiece with scores.
        pre: how text is cut before merging; `NOT_CUT` for kinds that read it whole.
        tokens: text of each token, as stored.
        types: `TokenType` of each token, int32 (n,), as llama.cpp has them after loading.
        stored_types: as the file has them.
        bos: token that begins a text, None without.
        eos: token that ends a text, None without.
        unknown: token for what no other says, None without.
        ends: all tokens that end a text or a turn.
        opening: tokens in front of a text, as the file asks for.
        closing: tokens behind it.
        add_space: whether a text gets a space in front.
        strips_before: special tokens in front of which white space is dropped.
        strips_after: special tokens behind which white space is dropped.
        notes: sentences on what the file leaves out and is assumed.
    """

    kind: str
    pre: PreTokenizer
    tokens: list[str]
    types: npt.NDArray[np.int32]
    stored_types: npt.NDArray[np.int32]
    bos: int | None
    eos: int | None
    unknown: int | None
    ends: frozenset[int]
    opening: tuple[int, ...]
    closing: tuple[int, ...]
    add_space: bool
    strips_before: frozenset[int]
    strips_after: frozenset[int]
    notes: tuple[str, ...] = ()

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Text → token."""
        return {text: number for number, text in enumerate(self.tokens)}
