"""Messages of protocol buffers: fields, each a number and bytes or an integer. What they mean, others know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._core import GGUFError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_SIZES = {_FIXED_64: 8, _FIXED_32: 4}
_LONGEST_VARINT = 10


def fields_of(contents: bytes, name: str) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a message.

    Args:
        contents: of it.
        name: of the file, for error lines.

    Raises:
        GGUFError: The message is malformed.
    """
    at, end = 0, len(contents)
    while at < end:
        key = contents[at]
        if (
            key < 0x80 and key & 7 == _BYTES and at + 1 < end and contents[at + 1] < 0x80
        ):  # the usual case, without calls
            number, wire, size, at = key >> 3, _BYTES, contents[at + 1], at + 2
        else:
            key, at = _varint(contents, at, name)
            number, wire = key >> 3, key & 7
            if wire == _VARINT:
                value, at = _varint(contents, at, name)
                yield number, value
                continue
            size = _SIZES.get(wire, 0)
            if wire == _BYTES:
                size, at = _varint(contents, at, name)
        if (wire not in _SIZES and wire != _BYTES) or size > end - at:
            raise _malformed(name, at)
        yield number, contents[at : at + size]
        at += size


def _varint(contents: bytes, at: int, name: str) -> tuple[int, int]:
    """An integer of seven bits a byte, and where it ends."""
    value = 0
    for place in range(_LONGEST_VARINT):
        if at + place >= len(contents):
            break
        byte = contents[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise _malformed(name, at)


def _malformed(name: str, at: int) -> GGUFError:
    return GGUFError(f"{name}: no SentencePiece model, at byte {at}")
