r"""RWKV's vocabulary: the longest token that the rest of the text begins with, byte by byte.

Tokens are stored escaped, since not all of them are UTF-8: `\n`, `\t`, `\r`, `\x00` to `\xff`, and a backslash in front
of itself and of what else is meant literally.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Pieces, no_byte
from .prefixes import Prefixes

if TYPE_CHECKING:
    from ..metadata_keys import MetadataKeys
    from ..vocabulary import Vocabulary

_ESCAPED = {"t": b"\t", "n": b"\n", "r": b"\r"}
_HEXADECIMAL = frozenset("0123456789abcdef")


class LongestMatches(Pieces):
    """Takes the longest token that fits, again and again."""

    def __init__(self, vocabulary: Vocabulary, keys: MetadataKeys) -> None:
        """Undo the escapes.

        Raises:
            GGUFError: An escape is none, or a token is empty.
        """
        self._path = keys.path
        self._unknown = vocabulary.unknown
        self._tokens: dict[str, bytes] = {}
        for number, text in enumerate(vocabulary.tokens):
            token = _unescaped(text)
            if not token:
                raise keys.refusal("tokens", f"token {number}, {text!r}, is not escaped as RWKV does")
            self._tokens[text] = token
        self._known = Prefixes({token: number for number, token in enumerate(self._tokens.values())})

    def encode(self, text: str, after_special: bool) -> list[int]:
        del after_special  # makes no difference here
        data = text.encode()
        numbers: list[int] = []
        place = 0
        while place < len(data):
            length, number = next(self._known.match(data, place), (1, self._unknown))
            if number is None:
                raise no_byte(self._path, data[place])
            numbers.append(number)
            place += length
        return numbers

    def decode(self, token: str) -> bytes:
        return self._tokens[token]

    def piece(self, token: str, kind: int) -> bytes:
        """Bytes of a token, the same whatever its type."""
        del kind
        return self._tokens[token]


def _unescaped(text: str) -> bytes | None:
    """The bytes of a stored token, None where an escape is none."""
    parts, place = [], 0
    while place < len(text):
        end = text.find("\\", place)
        end = len(text) if end < 0 else end
        parts.append(text[place:end].encode("utf-8", "replace"))
        code = text[end + 1 : end + 2]
        if end < len(text) and not code:
            return None
        if code == "x":
            digits = text[end + 2 : end + 4]
            if len(digits) != 2 or not _HEXADECIMAL.issuperset(digits):
                return None
            parts.append(bytes([int(digits, 16)]))
        else:
            parts.append(_ESCAPED.get(code, code.encode("utf-8", "replace")))
        place = end + (4 if code == "x" else 2)
    return b"".join(parts)
