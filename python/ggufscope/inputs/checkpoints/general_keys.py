"""The keys that say what kind of file the composed one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .key_values import KeyValue
from .known import CONVERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .config import Config
    from .stored import StoredTensor

_FILE_TYPES = {"F32": 0, "F16": 1, "BF16": 32}  # `LlamaFileType`, by the type of the first matrix
_QUANTIZATION_VERSION = 2


def general_keys(config: Config | None, stored: Iterable[StoredTensor], title: str | None) -> list[KeyValue]:
    """`general.…` of a checkpoint."""
    conversion = None if config is None else CONVERSIONS.get(config.architecture or "")
    matrix = next((each.dtype for each in stored if len(each.shape) >= 2), None)
    keys = []
    if conversion is not None:
        keys.append(KeyValue("general.architecture", "string", conversion.architecture))
        keys.append(KeyValue("general.type", "string", "model"))
    if title:
        keys.append(KeyValue("general.name", "string", title))
    if conversion is not None and matrix in _FILE_TYPES:
        keys.append(KeyValue("general.file_type", "uint32", _FILE_TYPES[matrix]))
    if conversion is not None:
        keys.append(KeyValue("general.quantization_version", "uint32", _QUANTIZATION_VERSION))
    return keys
