"""Writes checkpoints: weights by the safetensors library, the files beside them as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from safetensors import TensorSpec, serialize_file

_NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "F8_E4M3": "float8_e4m3fn",
}


def stored(weights: np.ndarray, dtype: str) -> np.ndarray:
    """Numbers as the bits that a file has of them; bfloat16 is cut, as uint16."""
    if dtype == "F8_E4M3":
        return np.ascontiguousarray(weights).view(np.uint8)
    if dtype == "BF16":
        return (np.ascontiguousarray(weights, np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return np.ascontiguousarray(weights.astype({"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8"}[dtype]))


def read_back(weights: np.ndarray, dtype: str) -> np.ndarray:
    """Numbers as a reader has them: float16 as float16, all else as float32."""
    bits = stored(weights, dtype)
    if dtype == "BF16":
        return (bits.astype(np.uint32) << 16).view(np.float32)
    return bits if dtype == "F16" else bits.astype(np.float32)


def write_safetensors(path: Path, tensors: Mapping[str, tuple[np.ndarray, str]]) -> Path:
    """Write one file: name → weights and dtype."""
    bits = {name: stored(weights, dtype) for name, (weights, dtype) in tensors.items()}
    specs = {
        name: TensorSpec(
            dtype=_NAMES[tensors[name][1]], shape=list(each.shape), data_ptr=each.ctypes.data, data_len=each.nbytes
        )
        for name, each in bits.items()
    }
    serialize_file(specs, str(path), {"format": "pt"})
    return path


def write_checkpoint(
    directory: Path,
    tensors: Mapping[str, np.ndarray],
    config: Mapping[str, Any] | None,
    *,
    dtype: str | None = "F32",
    n_files: int = 1,
    beside: Mapping[str, Any] | None = None,
) -> Path:
    """Write a checkpoint into a new directory.

    Args:
        directory: of it.
        tensors: by their names there.
        config: `config.json`; None for a checkpoint without one.
        dtype: of all tensors; None: as they are, float32 or eight-bit floats.
        n_files: shards; more than one have an index.
        beside: other files: name → contents, JSON unless they are bytes.

    Returns:
        The directory.
    """
    directory.mkdir()
    names = list(tensors)
    dtypes = {name: dtype or ("F32" if each.dtype == np.float32 else "F8_E4M3") for name, each in tensors.items()}
    if n_files == 1:
        write_safetensors(directory / "model.safetensors", {name: (tensors[name], dtypes[name]) for name in names})
    else:
        weight_map = {}
        for number in range(n_files):
            file = f"model-{number + 1:05}-of-{n_files:05}.safetensors"
            own = names[number::n_files]
            write_safetensors(directory / file, {name: (tensors[name], dtypes[name]) for name in own})
            weight_map |= dict.fromkeys(own, file)
        write_json(directory / "model.safetensors.index.json", {"metadata": {}, "weight_map": weight_map})
    for name, contents in {**({} if config is None else {"config.json": config}), **(beside or {})}.items():
        if isinstance(contents, bytes):
            (directory / name).write_bytes(contents)
        else:
            write_json(directory / name, contents)
    return directory


def write_json(path: Path, contents: Any) -> Path:
    path.write_text(json.dumps(contents), encoding="utf-8")
    return path
