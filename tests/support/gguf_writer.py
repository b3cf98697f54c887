"""Writes GGUF files byte by byte, good ones and bad ones.

Shares nothing with the reader under test. Every count, offset and length can be set to a lie.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

UINT8, INT8, UINT16, INT16, UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, UINT64, INT64, FLOAT64 = range(13)
FORMATS = {
    UINT8: "B",
    INT8: "b",
    UINT16: "H",
    INT16: "h",
    UINT32: "I",
    INT32: "i",
    FLOAT32: "f",
    BOOL: "?",
    UINT64: "Q",
    INT64: "q",
    FLOAT64: "d",
}


@dataclass
class Raw:
    """A value given as bytes that follow its type number."""

    payload: bytes


@dataclass
class Array:
    """An array; `length` overrides the true one. Nested: `element` ARRAY, `values` of Array."""

    element: int
    values: list[object] = field(default_factory=list)
    length: int | None = None


@dataclass
class Key:
    """One metadata entry: a Python value for the given type number, an Array, or Raw bytes."""

    name: str | bytes
    kind: int
    value: object
    name_length: int | None = None


@dataclass
class Tensor:
    """One row of the tensor table; `shape` in NumPy order. `offset` None: after the tensor before it."""

    name: str | bytes
    shape: tuple[int, ...]
    kind: int = 0
    data: bytes = b""
    offset: int | None = None
    n_dims: int | None = None


@dataclass
class Gguf:
    """A file; build() gives its bytes."""

    keys: list[Key] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    version: int = 3
    order: str = "<"
    alignment: int = 32
    magic: bytes = b"GGUF"
    n_keys: int | None = None
    n_tensors: int | None = None

    def pack(self, kind: str, value: object) -> bytes:
        return struct.pack(self.order + kind, value)

    def string(self, text: str | bytes, length: int | None = None) -> bytes:
        data = text.encode() if isinstance(text, str) else text
        return self.pack("Q", len(data) if length is None else length) + data

    def value(self, kind: int, value: object) -> bytes:
        if isinstance(value, Raw):
            return value.payload
        if isinstance(value, Array):
            length = len(value.values) if value.length is None else value.length
            elements = b"".join(self.value(value.element, item) for item in value.values)
            return self.pack("I", value.element) + self.pack("Q", length) + elements
        if kind == STRING:
            return self.string(value)  # type: ignore[arg-type]
        return self.pack(FORMATS[kind], value)

    def key(self, key: Key) -> bytes:
        return self.string(key.name, key.name_length) + self.pack("I", key.kind) + self.value(key.kind, key.value)

    def row(self, tensor: Tensor, offset: int) -> bytes:
        n_dims = len(tensor.shape) if tensor.n_dims is None else tensor.n_dims
        dims = b"".join(self.pack("Q", extent & (2**64 - 1)) for extent in reversed(tensor.shape))
        return (
            self.string(tensor.name)
            + self.pack("I", n_dims)
            + dims
            + self.pack("I", tensor.kind)
            + self.pack("Q", offset)
        )

    def header(self) -> bytes:
        """Everything before the padding and the tensor data."""
        n_tensors = len(self.tensors) if self.n_tensors is None else self.n_tensors
        n_keys = len(self.keys) if self.n_keys is None else self.n_keys
        head = self.magic + self.pack("I", self.version) + self.pack("Q", n_tensors) + self.pack("Q", n_keys)
        head += b"".join(self.key(key) for key in self.keys)
        return head + b"".join(self.row(t, offset) for t, offset in zip(self.tensors, self.offsets(), strict=True))

    def offsets(self) -> list[int]:
        offsets, end = [], 0
        for tensor in self.tensors:
            offset = end if tensor.offset is None else tensor.offset
            offsets.append(offset)
            end = self.pad(offset + len(tensor.data))
        return offsets

    def pad(self, size: int) -> int:
        return -(-size // self.alignment) * self.alignment

    def build(self) -> bytes:
        data = bytearray(self.header())
        if not self.tensors:
            return bytes(data)
        start = self.pad(len(data))
        for tensor, offset in zip(self.tensors, self.offsets(), strict=True):
            if tensor.data:
                data.extend(bytes(max(0, start + offset + len(tensor.data) - len(data))))
                data[start + offset : start + offset + len(tensor.data)] = tensor.data
        data.extend(bytes(self.pad(len(data)) - len(data)))
        return bytes(data)


def alignment_key(value: int, kind: int = UINT32) -> Key:
    return Key("general.alignment", kind, value)


def every_kind() -> list[Key]:
    """One key of every type, arrays of every type, nested and empty arrays."""
    numbers = [kind for kind in FORMATS if kind != BOOL]
    return [
        Key("general.architecture", STRING, "llama"),
        *(Key(f"scalar.{kind}", kind, 7) for kind in numbers),
        Key("scalar.bool", BOOL, True),
        *(Key(f"array.{kind}", ARRAY, Array(kind, [1, 2, 3])) for kind in numbers),
        Key("array.bool", ARRAY, Array(BOOL, [True, False])),
        Key("array.string", ARRAY, Array(STRING, ["a", "", "é"])),
        Key("array.empty", ARRAY, Array(STRING, [])),
        Key("array.nested", ARRAY, Array(ARRAY, [Array(UINT8, [1]), Array(UINT8, [2, 3])])),
        Key("array.mixed", ARRAY, Array(ARRAY, [Array(UINT8, [1]), Array(STRING, ["x"])])),
    ]


def small_model(order: str = "<", alignment: int = 32, version: int = 3) -> Gguf:
    """A valid file with every kind of key and a few tensors."""
    floats = struct.pack(order + "12f", *range(12))
    block = struct.pack(order + "e", 0.5) + bytes(range(16))  # Q4_0: the scale, then 32 codes
    return Gguf(
        keys=[*every_kind(), alignment_key(alignment)],
        tensors=[
            Tensor("token_embd.weight", (3, 4), 0, floats),
            Tensor("blk.0.attn_q.weight", (2, 64), 2, block * 4),
            Tensor("output_norm.weight", (5,), 0, floats[:20]),
        ],
        order=order,
        alignment=alignment,
        version=version,
    )
