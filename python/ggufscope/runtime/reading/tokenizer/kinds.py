"""Kinds of tokenizers by the names of `tokenizer.ggml.model`; another one is a class of pieces and a row here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .byte_pairs import BytePairs
from .sentence_pieces import SentencePieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from .vocabulary import Vocabulary


class Pieces(Protocol):
    """Plain text to tokens and back, by one kind of vocabulary."""

    def encode(self, text: str, after_special: bool) -> list[int]:
        """Tokens of a text without special tokens.

        Raises:
            GGUFError: The vocabulary has no tokens for something in it.
        """

    def decode(self, token: str) -> bytes:
        """Bytes of the text of a normal token."""


@dataclass(frozen=True)
class Kind:
    """A kind of tokenizer: how it cuts text, what its files hold, and what holds where a file does not say.

    Attributes:
        name: as `Vocabulary.kind` has it.
        pieces: makes its pieces of a vocabulary and the path that errors name.
        has_scores: whether files have a score for each token.
        has_merges: whether files have merges, and name a pre-tokenizer.
        adds_space: whether a text gets a space in front, unless the file says no.
        adds_bos: whether a text begins with `bos`; a known pre-tokenizer decides for itself.
        usual_bos: token that begins a text; None where there is none by custom.
        usual_eos: token that ends a text, likewise.
    """

    name: str
    pieces: Callable[[Vocabulary, str], Pieces]
    has_scores: bool = False
    has_merges: bool = False
    adds_space: bool = False
    adds_bos: bool = False
    usual_bos: int | None = None
    usual_eos: int | None = None


KINDS = {
    "gpt2": Kind("BPE", BytePairs, has_merges=True),
    "llama": Kind(
        "SPM", SentencePieces, has_scores=True, adds_space=True, adds_bos=True, usual_bos=1, usual_eos=2
    ),  # SentencePiece's own numbers
}


def pieces_of(vocabulary: Vocabulary, path: str) -> Pieces:
    """The pieces of a vocabulary.

    Raises:
        GGUFError: Something in it does not fit.
        MissingExtraError: They need a package that is not installed.
    """
    kind = next(kind for kind in KINDS.values() if kind.name == vocabulary.kind)
    return kind.pieces(vocabulary, path)
