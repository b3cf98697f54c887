"""Kinds of tokenizers by the names of `tokenizer.ggml.model`; another one is a class of pieces and a row here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .pieces.byte_pairs import BytePairs
from .pieces.longest_matches import LongestMatches
from .pieces.plamo import Plamo
from .pieces.sentence_pieces import SentencePieces
from .pieces.unigram import Unigram
from .pieces.word_lists import DnaWords, SpacedWords
from .pieces.word_pieces import WordPieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from .metadata_keys import MetadataKeys
    from .pieces.base import Pieces
    from .vocabulary import Vocabulary


@dataclass(frozen=True)
class Kind:
    """A kind of tokenizer, and what files of it may leave out.

    Attributes:
        name: as llama.cpp abbreviates it.
        summary: in a few words.
        pieces: makes what encodes plain text.
        pre: how text is cut: `"named"`: as `tokenizer.ggml.pre` says; else the name of the one pre-tokenizer of this
            kind; None: not at all.
        usual_bos, usual_eos, usual_unknown: these special tokens where the file names none.
        usual_separator: likewise; it ends a text in place of `eos`. None for kinds that end none so.
        frame: whether special tokens stand around a text: `"asked"`: those that the file asks for.
        adds_bos, adds_eos: whether it asks for them by saying nothing.
        adds_space: whether a text gets a space in front where the file does not say so.
    """

    name: str
    summary: str
    pieces: Callable[[Vocabulary, MetadataKeys], Pieces]
    pre: str | None = None
    usual_bos: int | None = None
    usual_eos: int | None = None
    usual_unknown: int | None = None
    usual_separator: int | None = None
    frame: Literal["asked", "always", "never"] = "asked"
    adds_bos: bool = False
    adds_eos: bool = False
    adds_space: bool = False


KINDS: dict[str, Kind] = {
    "gpt2": Kind("BPE", "pairs of bytes, merged in the order of a list", BytePairs, pre="named"),
    "gemma4": Kind("BPE", "pairs of characters, merged in the order of a list; single bytes for others", BytePairs,
                   pre="gemma4"),
    "whitespace": Kind("BPE", "as gpt2, without white space", SpacedWords, pre="named"),
    "hybriddna": Kind("BPE", "as gpt2, six bases a token between `<dna>` and `</dna>`", DnaWords, pre="named"),
    "llama": Kind("SPM", "SentencePiece: neighbours merged by score, the leftmost of equal ones", SentencePieces,
                  usual_bos=1, usual_eos=2, usual_unknown=0, adds_bos=True, adds_space=True),
    "t5": Kind("UGM", "SentencePiece unigram: the split with the highest sum of scores", Unigram,
               usual_eos=1, usual_unknown=2, adds_eos=True),
    "bert": Kind("WPM", "word pieces, the longest first", WordPieces,
                 usual_bos=101, usual_unknown=100, usual_separator=102, frame="always"),
    "rwkv": Kind("RWKV", "the longest token that fits, byte by byte", LongestMatches, frame="never"),
    "plamo2": Kind("PLaMo2", "the split with the highest sum of rounded scores", Plamo,
                   usual_bos=1, usual_eos=2, usual_unknown=0, frame="never"),
}  # fmt: skip
