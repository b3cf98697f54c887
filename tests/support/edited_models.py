"""Copies of model files with tensors decoded to F32, and edited; all else byte for byte as it was."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ggufscope as gs

_F32, _ALIGNMENT = 0, 32

Edit = Callable[[npt.NDArray[np.float32]], None]


def float32_copy(path: Path, copy: Path, names: Collection[str], edits: Mapping[str, Edit] | None = None) -> Path:
    """Write a copy of a model of one file and the usual alignment.

    Args:
        path: of the model.
        copy: where to write.
        names: of tensors that are decoded.
        edits: functions that change one of those in place, by its name.

    Returns:
        `copy`.
    """
    edits = edits or {}
    assert edits.keys() <= set(names)
    with gs.open(path) as model, copy.open("wb") as file:
        tensors = sorted(model.tensors.values(), key=lambda tensor: tensor.offset)
        header = bytearray(path.read_bytes()[: tensors[0].offset])
        file.write(header)
        offset = 0
        for tensor in tensors:
            decoded = tensor.name in names
            weights = tensor.dequantize() if decoded else np.array(tensor.data)
            edits.get(tensor.name, lambda _: None)(weights)
            data = weights.tobytes()
            data += bytes(-len(data) % _ALIGNMENT)
            _describe(header, tensor, offset, decoded=decoded)
            file.write(data)
            offset += len(data)
        file.seek(0)
        file.write(header)
    return copy


def _describe(header: bytearray, tensor: gs.Tensor, offset: int, *, decoded: bool) -> None:
    """Write a tensor's type, where it is decoded, and its offset into its row of the table."""
    text, n_dims = tensor.name.encode(), len(tensor.shape)
    key = struct.pack("<Q", len(text)) + text + struct.pack("<I", n_dims)
    assert header.count(key) == 1
    at = header.index(key) + len(key) + 8 * n_dims
    if decoded:
        struct.pack_into("<I", header, at, _F32)
    struct.pack_into("<Q", header, at + 4, offset)
