"""The header of a GGUF file, version 3: metadata and tensor table, little-endian.

    "GGUF" · version · tensors · keys          uint32 · uint64 · uint64
    each key: name, type, value                an array: type of its elements, their number, they
    each tensor: name, dimensions, type, offset     offsets count from the first data byte
    zeros up to the alignment

It is written here, not by the gguf package's writer, which takes half a minute for 10^6 merges.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .key_values import KeyValue, Scalar

ALIGNMENT = 32
_VERSION = 3
_ARRAY = 9
_STRING = 8
# Type → id in GGUF, and NumPy's form of it.
_TYPES = {"uint32": (4, "<u4"), "int32": (5, "<i4"), "float32": (6, "<f4"), "bool": (7, "u1"), "string": (_STRING, "")}


@dataclass(frozen=True)
class TensorEntry:
    """One row of the tensor table.

    Attributes:
        name: of the tensor.
        shape: rows first.
        type: id of its type.
        n_bytes: of its data.
    """

    name: str
    shape: tuple[int, ...]
    type: int
    n_bytes: int


def padding(n_bytes: int) -> int:
    """Zeros behind so many bytes up to the next multiple of the alignment."""
    return -n_bytes % ALIGNMENT


def write_header(keys: Sequence[KeyValue], tensors: Sequence[TensorEntry]) -> bytes:
    """The bytes in front of the data, whose tensors lie one after the other, each padded to the alignment."""
    parts = [b"GGUF", struct.pack("<IQQ", _VERSION, len(tensors), len(keys))]
    for each in keys:
        parts += [_text(each.key), _value(each)]
    offset = 0
    for tensor in tensors:
        dimensions = tuple(reversed(tensor.shape)) or (1,)
        parts.append(_text(tensor.name))
        parts.append(struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, tensor.type, offset))
        offset += tensor.n_bytes + padding(tensor.n_bytes)
    header = b"".join(parts)
    return header + bytes(padding(len(header)))


def _value(each: KeyValue) -> bytes:
    number, _ = _TYPES[each.kind]
    if isinstance(each.value, (int, float, bool, str, bytes)):
        return struct.pack("<I", number) + _elements(each.kind, [each.value])
    return struct.pack("<IIQ", _ARRAY, number, len(each.value)) + _elements(each.kind, each.value)


def _elements(kind: str, values: Sequence[Scalar]) -> bytes:
    if kind == "string":
        return _texts(values)
    return np.asarray(values).astype(_TYPES[kind][1]).tobytes()


def _texts(values: Iterable[Scalar]) -> bytes:
    encoded = [value if isinstance(value, bytes) else str(value).encode("utf-8", "replace") for value in values]
    return b"".join(part for text in encoded for part in (len(text).to_bytes(8, "little"), text))


def _text(text: str) -> bytes:
    return _texts([text])
