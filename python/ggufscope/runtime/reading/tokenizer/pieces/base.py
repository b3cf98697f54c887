"""Interface of what turns plain text, without special tokens in it, into tokens."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from ....._core import GGUFError
from .....models.tokens import TokenType

SPACE_MARK = "▁"
SHOWN_AS_TEXT = frozenset({TokenType.UNKNOWN, TokenType.CONTROL, TokenType.USER_DEFINED})

_BYTE = re.compile("<0x([0-9A-Fa-f]{2})>")


class Pieces(ABC):
    """Plain text to tokens, and a token to its bytes."""

    @abstractmethod
    def encode(self, text: str, after_special: bool) -> list[int]:
        """Tokens of a text without special tokens.

        Args:
            text: not empty.
            after_special: it begins the whole text, or follows a special token.

        Raises:
            GGUFError: The vocabulary has no token for something in it.
        """

    @abstractmethod
    def decode(self, token: str) -> bytes:
        """Bytes of the text of a normal token."""

    def piece(self, token: str, kind: int) -> bytes:
        """Bytes of a token of whatever type, control tokens as they are written."""
        if kind in SHOWN_AS_TEXT:
            return token.encode("utf-8", "replace")
        if kind == TokenType.BYTE:
            byte = byte_of(token)
            return b"" if byte is None else bytes([byte])
        return self.decode(token) if kind == TokenType.NORMAL else b""


def byte_of(token: str) -> int | None:
    """The byte that `<0x00>` to `<0xFF>` stand for, None for other texts."""
    match = _BYTE.fullmatch(token)
    return None if match is None else int(match[1], 16)


class ByteTokens:
    """The tokens `<0x00>` to `<0xFF>` of a vocabulary."""

    def __init__(self, numbers: dict[str, int], path: str) -> None:
        self._path = path
        self._numbers = [numbers.get(f"<0x{byte:02X}>") for byte in range(256)]

    def encode(self, text: str) -> list[int]:
        """The token of each byte.

        Raises:
            GGUFError: The vocabulary lacks one of them.
        """
        tokens = []
        for byte in text.encode():
            number = self._numbers[byte]
            if number is None:
                raise no_byte(self._path, byte)
            tokens.append(number)
        return tokens


def no_byte(path: str, byte: int) -> GGUFError:
    """The error for a text with a byte that the vocabulary cannot write."""
    return GGUFError(f"{path}: tokenizer.ggml.tokens: no token for byte 0x{byte:02X}")
