"""Writes whole model files with the gguf package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np


def write_model(
    path: Path,
    tensors: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    *,
    architecture: str | None = "llama",
    endianess: gguf.GGUFEndian = gguf.GGUFEndian.LITTLE,
) -> Path:
    """Write a model.

    Args:
        path: of the file.
        tensors: name → NumPy array, or (blocks as uint8 of shape (…, bytes), type name).
        metadata: key → bool, int (uint32), float (float32), str, bytes (array of uint8), list or NumPy array.
        architecture: None for a file that names none.
        endianess: of its numbers.

    Returns:
        The path.
    """
    writer = gguf.GGUFWriter(path, architecture or "", endianess=endianess)
    if architecture is None:
        writer.kv_data[0].pop("general.architecture", None)
    for key, value in (metadata or {}).items():
        _add_value(writer, key, value)
    for tensor, data in (tensors or {}).items():
        if isinstance(data, tuple):
            writer.add_tensor(tensor, data[0], raw_dtype=gguf.GGMLQuantizationType[data[1]])
        else:
            writer.add_tensor(tensor, np.asarray(data))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_value(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        (writer.add_uint32 if 0 <= value < 1 << 32 else writer.add_int64)(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    elif max((abs(part) for part in value if isinstance(part, int)), default=0) >= 1 << 31:
        writer.add_key_value(key, list(value), gguf.GGUFValueType.ARRAY, sub_type=gguf.GGUFValueType.INT64)
    else:
        writer.add_array(key, value if isinstance(value, bytes) else list(value))
