"""The vocabulary of a model, as it was read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Vocabulary:
    """The vocabulary and the rules of a tokenizer, from the metadata.

    Attributes:
        kind: `"BPE"` (byte-level merges) or `"SPM"` (SentencePiece with scores).
        pre: `tokenizer.ggml.pre`, how text is cut before merging; None for SPM.
        tokens: text of each token, as stored.
        types: `TokenType` of each token, int32 (n,).
        scores: of each token, float32 (n,), the higher the sooner merged; None for BPE.
        merges: `"left right"`, the first the soonest; None for SPM.
        bos: token that begins a text, None without.
        eos: token that ends a text, None without.
        ends: all tokens that end a text or a turn.
        add_bos: whether a text gets `bos`.
        add_eos: whether a text gets `eos`.
        add_space: whether a text gets a space in front.
        strip_after_special: whether white space after special tokens is dropped (phi-3).
    """

    kind: str
    pre: str | None
    tokens: list[str]
    types: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32] | None
    merges: list[str] | None
    bos: int | None
    eos: int | None
    ends: frozenset[int]
    add_bos: bool
    add_eos: bool
    add_space: bool
    strip_after_special: bool

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Text → token."""
        return {text: number for number, text in enumerate(self.tokens)}

    @property
    def opening(self) -> tuple[int, ...]:
        """Tokens that begin a text, none or `bos`."""
        return (self.bos,) if self.add_bos and self.bos is not None else ()

    @property
    def closing(self) -> tuple[int, ...]:
        """Tokens that end a text, none or `eos`."""
        return (self.eos,) if self.add_eos and self.eos is not None else ()
