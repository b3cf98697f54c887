"""The shortest files that have one key or one tensor, of which everything can be a lie."""

from __future__ import annotations

import struct

from support.gguf_writer import ARRAY, UINT8, UINT32, Array, Gguf, Key, Raw, Tensor, alignment_key

F32, Q4_0 = 0, 2


def key(name: str | bytes, kind: int = UINT8, value: object = 1, name_length: int | None = None) -> bytes:
    return Gguf(keys=[Key(name, kind, value, name_length)]).build()


def array(element: int, length: int, payload: bytes = b"") -> bytes:
    return key("k", ARRAY, Raw(struct.pack("<IQ", element, length) + payload))


def nested(depth: int) -> bytes:
    value = Array(UINT8, [1])
    for _ in range(depth):
        value = Array(ARRAY, [value])
    return key("k", ARRAY, value)


def tensor(
    shape: tuple[int, ...] = (1,),
    kind: int = F32,
    data: bytes = bytes(4),
    name: str | bytes = "t",
    offset: int | None = None,
    n_dims: int | None = None,
) -> bytes:
    return Gguf(tensors=[Tensor(name, shape, kind, data, offset, n_dims)]).build()


def tensors(*rows: Tensor, alignment: int = 32) -> bytes:
    return Gguf(tensors=list(rows), alignment=alignment, keys=[alignment_key(alignment)]).build()


def aligned(value: object, kind: int = UINT32) -> bytes:
    keys = [Key("general.alignment", kind, value)]
    return Gguf(keys=keys, tensors=[Tensor("t", (1,), F32, bytes(4))]).build()
