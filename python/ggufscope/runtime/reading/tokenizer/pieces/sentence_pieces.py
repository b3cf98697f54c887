"""SentencePiece vocabularies: pairs of neighbours merged by score.

Our own loop, because the `tokenizers` library merges by a rank of pairs: among equal scores, and files have many, it
goes by that rank, where SentencePiece and llama.cpp (`llm_tokenizer_spm_session`) take the leftmost pair of the text.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from .....models.tokens import TokenType
from .base import SPACE_MARK, ByteTokens, Pieces, byte_of

if TYPE_CHECKING:
    from ..metadata_keys import MetadataKeys
    from ..vocabulary import Vocabulary


class SentencePieces(Pieces):
    """Merges the characters of a text, the pair with the highest score first."""

    def __init__(self, vocabulary: Vocabulary, keys: MetadataKeys) -> None:
        """Read the scores and look up the byte tokens.

        Raises:
            GGUFError: Scores are missing or malformed, or a byte token does not say which byte.
        """
        self._numbers = vocabulary.numbers
        self._scores: list[float] = keys.scores(len(vocabulary.tokens)).tolist()
        self._add_space = vocabulary.add_space
        self._bytes = ByteTokens(vocabulary.numbers, keys.path)
        for number, (text, kind) in enumerate(zip(vocabulary.tokens, vocabulary.types.tolist(), strict=True)):
            if kind == TokenType.BYTE and byte_of(text) is None:
                raise keys.refusal("tokens", f"byte token {number} is {text!r}, not <0x00> to <0xFF>")

    def encode(self, text: str, after_special: bool) -> list[int]:
        spaced = f" {text}" if self._add_space and after_special else text
        return [number for piece in self._pieces(spaced.replace(" ", SPACE_MARK)) for number in self._tokens(piece)]

    def decode(self, token: str) -> bytes:
        return token.replace(SPACE_MARK, " ").encode("utf-8", "replace")

    def _pieces(self, text: str) -> list[str]:
        chain = _Chain(text)
        waiting: list[tuple[float, int, int, int]] = []  # −score, left, right, length of both

        def consider(left: int, right: int) -> None:
            if left < 0 or right < 0:
                return
            number = self._numbers.get(chain.text(left, right))
            if number is not None:
                heappush(waiting, (-self._scores[number], left, right, chain.length[left] + chain.length[right]))

        for left in range(len(text) - 1):
            consider(left, left + 1)
        while waiting:
            _, left, right, length = heappop(waiting)
            is_stale = 0 in (chain.length[left], chain.length[right]) or (
                chain.length[left] + chain.length[right] != length
            )
            if not is_stale:
                chain.merge(left, right)
                consider(chain.before[left], left)
                consider(left, chain.after[left])
        return chain.pieces()

    def _tokens(self, piece: str) -> list[int]:
        if piece in self._numbers:
            return [self._numbers[piece]]
        return self._bytes.encode(piece)


class _Chain:
    """The pieces of a text as a doubly linked list; a piece is named by where it begins, one merged away is 0 long."""

    def __init__(self, text: str) -> None:
        self._whole = text
        self.length = [1] * len(text)
        self.before = list(range(-1, len(text) - 1))
        self.after = [*range(1, len(text)), -1] if text else []

    def text(self, left: int, right: int) -> str:
        return self._whole[left : right + self.length[right]]

    def merge(self, left: int, right: int) -> None:
        self.length[left] += self.length[right]
        self.length[right] = 0
        self.after[left] = self.after[right]
        if self.after[right] >= 0:
            self.before[self.after[right]] = left

    def pieces(self) -> list[str]:
        return [self._whole[at : at + length] for at, length in enumerate(self.length) if length]
