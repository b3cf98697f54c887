"""How files write a vocabulary: the kinds of tokens, and the characters that stand for bytes."""

from __future__ import annotations

from enum import IntEnum


class TokenType(IntEnum):
    """Values of `tokenizer.ggml.token_type` (llama.h, llama_token_type)."""

    UNDEFINED = 0
    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


def byte_characters() -> list[str]:
    """The printable character that stands for each of the 256 bytes in a vocabulary of byte pairs (GPT-2's table).

    Bytes that print stand for themselves; the others follow U+0100.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    shifted = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(shifted)) for byte in range(256)]
