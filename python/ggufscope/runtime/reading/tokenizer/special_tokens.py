"""Which tokens are special, and which end a text: what the file says, mended by the texts that llama.cpp knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....models.tokens import TokenType
from .special_texts import ENDING_ROLES, ENDS, KEEP_SPACE_AFTER, PLAIN_END, ROLES, SHOWN, TURNS_GO_ON

if TYPE_CHECKING:
    import numpy.typing as npt

    from .metadata_keys import MetadataKeys

_STRIPS_BEFORE_MASK = frozenset({"jina-v2-de", "jina-v2-es", "jina-v2-code"})  # pre-tokenizers
_STRIPS_BEFORE_MASK_IN = ("nomic-bert-moe", "jina-bert-v3")  # architectures

SPECIAL = (TokenType.UNKNOWN, TokenType.CONTROL, TokenType.USER_DEFINED)


class SpecialTokens:
    """Types and endings of one vocabulary.

    Attributes:
        types: `TokenType` of each token, int32 (n,), as llama.cpp has them after loading.
        stored_types: as the file has them.
        ends: tokens that end a text or a turn.
    """

    def __init__(self, keys: MetadataKeys, numbers: dict[str, int], eos: int | None) -> None:
        """Read the types, and what has a role.

        Raises:
            GGUFError: A key has another type, or names a token that is none.
        """
        self._keys = keys
        self._numbers = numbers
        self.stored_types = self._stored()
        self.types = self.stored_types.copy()
        ends = {numbers[text] for text in ENDS if text in numbers}
        self.types[list(ends)] = TokenType.CONTROL
        ends |= self._of_roles()
        named = (eos, *(keys.special(name, len(numbers)) for name in ("eot", "eom")))
        ends |= {number for number in named if number is not None}
        self.types[[numbers[text] for text in SHOWN if text in numbers]] = TokenType.USER_DEFINED
        self.ends = frozenset(ends - self._going_on(ends))

    def _stored(self) -> npt.NDArray[np.int32]:
        if "token_type" not in self._keys:
            return np.full(len(self._numbers), TokenType.NORMAL, np.int32)
        types: npt.NDArray[np.int32] = self._keys.numbers("token_type", "iu", len(self._numbers)).astype(np.int32)
        return types

    def _of_roles(self) -> set[int]:
        """Tokens with the role of an end; those that have a role by their text become control tokens."""
        ends: set[int] = set()
        for names, texts in ROLES.items():
            named = (self._keys.special(name, len(self._numbers)) for name in names)
            tokens = {number for number in named if number is not None}
            if not tokens:
                tokens = {self._numbers[text] for text in texts if text in self._numbers}
                self.types[list(tokens)] = TokenType.CONTROL
            if names in ENDING_ROLES:
                ends |= tokens
        return ends

    def _going_on(self, ends: set[int]) -> set[int]:
        """Ends that are none beside others (gpt-oss, solar-open; gemma 4, PLaMo)."""
        known = {text for text in (*ENDS, *PLAIN_END) if self._numbers.get(text) in ends}
        none = set()
        if "<|end|>" in known and any(texts <= known for texts in TURNS_GO_ON):
            none.add(self._numbers["<|end|>"])
            self.types[self._numbers["<|end|>"]] = TokenType.USER_DEFINED
        if "</s>" in known and known & PLAIN_END:
            none.add(self._numbers["</s>"])
            self.types[self._numbers["</s>"]] = TokenType.NORMAL
        return none

    def strips_before(self, pre: str | None) -> frozenset[int]:
        """Tokens in front of which white space is dropped."""
        mask = None
        if self._strips_before_mask(pre):
            mask = self._numbers.get("<mask>")
        elif "modern-bert" in self._keys.name and not self._is_phi_3():
            mask = self._numbers.get("[MASK]")
        return frozenset() if mask is None else frozenset({mask})

    def strips_after(self, pre: str | None) -> frozenset[int]:
        """Tokens behind which white space is dropped."""
        if self._strips_before_mask(pre) or not self._is_phi_3():
            return frozenset()
        kept = {self._numbers[text] for text in KEEP_SPACE_AFTER if text in self._numbers}
        return frozenset(np.flatnonzero(np.isin(self.types, SPECIAL)).tolist()) - kept

    def _strips_before_mask(self, pre: str | None) -> bool:
        return pre in _STRIPS_BEFORE_MASK or any(name in self._keys.architecture for name in _STRIPS_BEFORE_MASK_IN)

    def _is_phi_3(self) -> bool:
        return "phi-3" in self._keys.name or "phi3" in self._keys.name
