"""All hostile files, by group and by name, and how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.hostile_files.claims import CLAIMS
from support.hostile_files.foreign import FOREIGN
from support.hostile_files.headers import HEADERS
from support.hostile_files.metadata import METADATA
from support.hostile_files.models import HYPERPARAMETERS, SHAPES, VOCABULARIES
from support.hostile_files.tensor_tables import DIMENSIONS, NAMES, PLACES

if TYPE_CHECKING:
    from pathlib import Path

    from support.hostile_files.hostile_file import HostileFile, HostileFiles

GROUPS: dict[str, HostileFiles] = {
    "foreign": FOREIGN,
    "headers": HEADERS,
    "metadata": METADATA,
    "names": NAMES,
    "dimensions": DIMENSIONS,
    "places": PLACES,
    "claims": CLAIMS,
    "hyperparameters": HYPERPARAMETERS,
    "vocabularies": VOCABULARIES,
    "shapes": SHAPES,
}
HOSTILE_FILES: HostileFiles = {name: file for files in GROUPS.values() for name, file in files.items()}


def write_file(path: Path, file: HostileFile) -> Path:
    """Write one file in the length that it has.

    Raises:
        OSError: The file system has no sparse files of that length.
    """
    path.write_bytes(file.build())
    if file.size is not None:
        with path.open("r+b") as opened:
            opened.truncate(file.size)
    return path


def write_all(directory: Path, largest: int = 1 << 20) -> list[Path]:
    """Write every file as `NAME.gguf`, but for those of more than `largest` bytes: seeds for fuzzers."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, file in HOSTILE_FILES.items():
        data = file.build()
        if len(data) <= largest:
            path = directory / f"{name}.gguf"
            path.write_bytes(data)
            written.append(path)
    return written
