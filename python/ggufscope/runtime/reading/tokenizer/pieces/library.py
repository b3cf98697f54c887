"""Text to tokens of a checkpoint, by the `tokenizers` library and the checkpoint's own `tokenizer.json`.

What the converter made of that file says how tokens read as text, which are special, and what stands around a text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....._core import GGUFError
from .....extras import need
from .base import Pieces

if TYPE_CHECKING:
    from collections.abc import Sequence


class LibraryPieces(Pieces):
    """Encodes by the library, decodes as the kind of the vocabulary does.

    Args:
        contents: of `tokenizer.json`.
        name: of the checkpoint, for error lines.
        n_tokens: of the vocabulary.
        written: of the vocabulary's kind.

    Raises:
        GGUFError: The library refuses the file, or its tokens are more than the vocabulary has.
        MissingExtraError: The library is not installed.
    """

    def __init__(self, contents: bytes, name: str, n_tokens: int, written: Pieces) -> None:
        need("tokenizers", "trace")
        from tokenizers import Tokenizer  # noqa: PLC0415

        self._name = name
        self._written = written
        try:
            self._tokenizer = Tokenizer.from_str(contents.decode())
        except Exception as error:  # the library raises no other class
            raise GGUFError(f"{name}: tokenizer.json: {_one_line(error)}") from None
        size = self._tokenizer.get_vocab_size(with_added_tokens=True)
        if size > n_tokens:
            raise GGUFError(f"{name}: tokenizer.json: {size} tokens, of which the model has {n_tokens}")
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True  # names of special tokens in a text are text

    def encode(self, text: str, after_special: bool) -> list[int]:
        del after_special  # each fragment begins as a text does
        try:
            numbers: Sequence[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        except Exception as error:
            raise GGUFError(f"{self._name}: tokenizer.json: {_one_line(error)}") from None
        return list(numbers)

    def decode(self, token: str) -> bytes:
        return self._written.decode(token)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
