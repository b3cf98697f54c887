"""The tokenizer of a model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ....models.tokens import TokenType
from .fragments import Fragment, Fragments
from .metadata_keys import MetadataKeys
from .pieces.library import LibraryPieces
from .vocabulary_reader import kind_of, vocabulary_of_kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ....models.model import Model
    from .pieces.base import Pieces
    from .vocabulary import Vocabulary

_HIDDEN = (TokenType.UNKNOWN, TokenType.CONTROL)


def read_tokenizer(model: Model) -> Tokenizer:
    """The tokenizer of a model file; of a checkpoint with a `tokenizer.json`, the library's by that file.

    Raises:
        GGUFError: The file has none, of a kind not known here, malformed, or of another size than the embedding.
        MissingExtraError: A byte-pair vocabulary needs the `tokenizers` package, which is not installed.
    """
    keys = MetadataKeys(model)
    kind = kind_of(keys)
    vocabulary = vocabulary_of_kind(keys, kind)
    table = model.tensors.get("token_embd.weight")
    if table is not None and table.n_rows != len(vocabulary.tokens):
        sizes = f"{len(vocabulary.tokens)} tokens for {table.n_rows} rows of token_embd.weight"
        raise keys.refusal("tokens", sizes)
    pieces = kind.pieces(vocabulary, keys)
    contents = model.side_file("tokenizer.json") if model.is_checkpoint else None
    if contents is not None:
        pieces = LibraryPieces(contents, model.path, len(vocabulary.tokens), pieces)
    return Tokenizer(vocabulary, pieces)


@dataclass(frozen=True)
class Special:
    """A special token by its text, where plain text would be taken literally."""

    text: str


class Tokenizer:
    """Text to token numbers and back.

    Attributes:
        vocabulary: of the model.
    """

    def __init__(self, vocabulary: Vocabulary, pieces: Pieces) -> None:
        self.vocabulary = vocabulary
        self._fragments = Fragments(vocabulary)
        self._pieces = pieces
        self._types = vocabulary.types.tolist()

    @property
    def n_tokens(self) -> int:
        return len(self.vocabulary.tokens)

    @property
    def ends(self) -> frozenset[int]:
        """Tokens after which a model has nothing more to say."""
        return self.vocabulary.ends

    def number(self, text: str) -> int | None:
        """The token of exactly this text, None without one."""
        return self.vocabulary.numbers.get(text)

    def encode(self, text: str, *, add_special: bool = True, parse_special: bool = False) -> list[int]:
        """Token numbers of a text.

        Args:
            text: any text.
            add_special: begin and end it with the tokens that the file asks for.
            parse_special: take the names of control tokens in it, as `<|eot_id|>`, for those tokens, not for text.

        Raises:
            GGUFError: The vocabulary has no tokens for something in it.
            ValueError: The text has surrogates that stand alone, which no encoding has.

        Example:
            >>> with ggufscope.open("model.gguf") as model:                             # doctest: +SKIP
            ...     read_tokenizer(model).encode("Once upon a time")
        """
        _require_encodable(text)
        numbers = self._numbers(self._fragments.cut(text, parse_special))
        return [*self.vocabulary.opening, *numbers, *self.vocabulary.closing] if add_special else numbers

    def encode_parts(self, parts: Iterable[str | Special]) -> list[int]:
        """Token numbers of a text with special tokens between its parts, behind the token that begins a text.

        Texts side by side are one text: they may share tokens. Nothing ends it, since more is to follow.

        Raises:
            GGUFError: The vocabulary has no tokens for something in it.
            KeyError: It lacks one of the special tokens.
            ValueError: A text has surrogates that stand alone.
        """
        fragments: list[Fragment] = []
        for is_text, group in groupby(parts, lambda part: isinstance(part, str)):
            if is_text:
                text = "".join(part for part in group if isinstance(part, str))
                _require_encodable(text)
                fragments += self._fragments.cut(text, parse_special=False)
            else:
                fragments += (self.vocabulary.numbers[part.text] for part in group if isinstance(part, Special))
        return [*self.vocabulary.opening, *self._numbers(fragments)]

    def _numbers(self, fragments: Iterable[Fragment]) -> list[int]:
        numbers: list[int] = []
        after_special = True
        for fragment in fragments:
            if isinstance(fragment, int):
                numbers.append(fragment)
            else:
                numbers += self._pieces.encode(fragment, after_special)
            after_special = isinstance(fragment, int)
        return numbers

    def piece(self, number: int, *, special: bool = False) -> bytes:
        """Bytes of one token, maybe a part of a character; of control tokens only if `special`."""
        kind = self._types[number]
        return b"" if kind in _HIDDEN and not special else self._pieces.piece(self.vocabulary.tokens[number], kind)

    def decode(self, numbers: Iterable[int], *, special: bool = False) -> str:
        """Text of tokens; bytes that are no UTF-8, as half a character at the end, become U+FFFD."""
        return b"".join(self.piece(number, special=special) for number in numbers).decode("utf-8", "replace")


def _require_encodable(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"character {error.start} of the text is half of a surrogate pair") from None
