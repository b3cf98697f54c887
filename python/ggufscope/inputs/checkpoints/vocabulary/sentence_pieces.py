"""`tokenizer.model`, SentencePiece's file: a protocol buffer of pieces.

    field 1, repeated       a piece
        field 1, bytes      its text
        field 2, float32    its score
        field 3, integer    its kind, as GGUF numbers them; 1 where it says nothing

Everything else in it, as how it was trained, is passed over. The file is read here: what is wanted of it is this, and
whoever looks at a model need not install the library for it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from ...._core import GGUFError
from .protocol_buffer import fields_of
from .token_list import TokenKind, TokenList, looks_special
from .tokenizer_files import MOST_TOKENS, as_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..side_files import SideFiles
    from .tokenizer_files import TokenizerFiles

_FLOAT = struct.Struct("<f")
_PADDING_SCORE = -10000.0
_ADDED_SCORE = -1000.0

# SentencePiece's numbers → GGUF's; what its users defined is an ordinary token to the converter.
_KINDS = {2: TokenKind.UNKNOWN, 3: TokenKind.CONTROL, 5: TokenKind.UNUSED, 6: TokenKind.BYTE}


def sentence_pieces(
    model: tuple[str, bytes], files: TokenizerFiles, side: SideFiles, n_tokens: int | None, as_they_are: bool
) -> TokenList:
    """The tokens of a SentencePiece file, with those that other files add.

    Args:
        model: name and bytes of the file.
        files: the tokenizer's others.
        side: opens what else lies beside.
        n_tokens: rows of the embedding; None where the config does not say.
        as_they_are: see `Conversion.added_as_they_are`.

    Raises:
        GGUFError: A file is malformed.
    """
    name, contents = model
    pieces = [_piece(value, name) for number, value in fields_of(contents, name) if number == 1]
    if len(pieces) > MOST_TOKENS:
        raise GGUFError(f"{name}: {len(pieces)} pieces; the limit is {MOST_TOKENS}")
    tokens = TokenList(
        "llama",
        [text for text, _, _ in pieces],
        [kind for _, _, kind in pieces],
        [score for _, score, _ in pieces],
        pre="default",
    )
    tokens.cut_or_padded(len(pieces) if n_tokens is None else n_tokens, TokenKind.UNUSED, _PADDING_SCORE)
    added = [*_added(files, side), *((each.number, each.text, each.special) for each in files.added() if as_they_are)]
    for number, text, special in added:
        if number < len(tokens.texts):
            control = special is True or (special is False and not as_they_are and looks_special(text))
            tokens.kinds[number] = TokenKind.CONTROL if control else TokenKind.USER_DEFINED
            spaced = not control and special is not None and not as_they_are
            tokens.texts[number] = text.replace("▁", " ") if spaced else text
            tokens.scores[number] = _ADDED_SCORE
    return tokens


def _added(files: TokenizerFiles, side: SideFiles) -> Iterator[tuple[int, str, bool | None]]:
    """Number, text, and whether it is special, of added tokens; None where the file does not know the difference."""
    older = side.json_object("added_tokens.json")
    for text, number in (older[1] if older is not None else {}).items():
        if isinstance(number, int) and number >= 0:
            yield number, text, None
    for key, value in as_object((files.config or {}).get("added_tokens_decoder")).items():
        content = as_object(value).get("content")
        if not key.isascii() or not key.isdigit() or len(key) > 9 or not isinstance(content, str):
            raise GGUFError(f"{files.config_name}: added_tokens_decoder: each must have a number and a content")
        yield int(key), content, as_object(value).get("special") is True


class _Piece(NamedTuple):
    text: bytes
    score: float
    kind: int


def _piece(value: bytes | int, name: str) -> _Piece:
    text, score, kind = b"", 0.0, int(TokenKind.NORMAL)
    if isinstance(value, bytes):
        usual = _usual_piece(value)
        if usual is not None:
            return usual
        for number, part in fields_of(value, name):
            if number == 1 and isinstance(part, bytes):
                text = part
            elif number == 2 and isinstance(part, bytes) and len(part) == 4:
                score = _FLOAT.unpack(part)[0]
            elif number == 3 and isinstance(part, int):
                kind = _KINDS.get(part, kind)
    return _Piece(text, score, kind)


def _usual_piece(value: bytes) -> _Piece | None:
    """A piece in the form in which the library writes them; None for another form.

    text and its length below 128, the score, and the kind where it is not 1:  0a n … 15 f f f f (18 k)
    A vocabulary has a quarter of a million of them.
    """
    end = 2 + value[1] if len(value) > 6 else 0
    if value[:1] != b"\x0a" or not 2 <= end < 0x82 or value[end : end + 1] != b"\x15":
        return None
    kind = int(TokenKind.NORMAL)
    if len(value) == end + 7 and value[end + 5] == 0x18 and value[end + 6] < 0x80:
        kind = _KINDS.get(value[end + 6], kind)
    elif len(value) != end + 5:
        return None
    return _Piece(value[2:end], _FLOAT.unpack_from(value, end + 1)[0], kind)
