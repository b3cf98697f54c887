"""Tokens of a vocabulary as sentences quote them, whatever kind of tokenizer the file has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..text.escape import escape
from .tokens import byte_characters

if TYPE_CHECKING:
    from .model import Model

_LONGEST = 24  # characters of a token


class TokenTexts:
    """Token id → its text in quotes, escaped and cut to a readable length; `"token 17"` where the file has no text.

    Example:
        >>> TokenTexts(model)(17)                                                   # doctest: +SKIP
        '" the"'
    """

    def __init__(self, model: Model, most: int | None = None) -> None:
        """Of all tokens, or of the first `most`, where nobody asks for others."""
        key = "tokenizer.ggml.tokens"
        limited = most is not None and key in model.metadata and model.metadata.kind(key).startswith("array")
        tokens: Any = model.metadata.head(key, most or 0) if limited else model.metadata.get(key)
        self._tokens = [] if tokens is None or isinstance(tokens, (str, bytes, int, float)) else tokens
        kind = model.metadata.get("tokenizer.ggml.model")
        in_byte_characters = isinstance(kind, str) and kind == "gpt2"  # of an array `==` has no truth
        self._bytes = (
            {character: byte for byte, character in enumerate(byte_characters())} if in_byte_characters else {}
        )

    def __call__(self, token: int) -> str:
        if not 0 <= token < len(self._tokens):
            return f"token {token}"
        shown = escape(self._plain(str(self._tokens[token])[: 2 * _LONGEST]))
        return f'"{shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"}"'

    def _plain(self, text: str) -> str:
        """The text with spaces as spaces; bytes that are no UTF-8 become escapes."""
        if not self._bytes:
            return text.replace("\u2581", " ")
        if any(character not in self._bytes for character in text):
            return text  # a special token, written as it is
        return bytes(self._bytes[character] for character in text).decode("utf-8", "backslashreplace")
