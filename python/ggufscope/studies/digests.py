"""Digests of the files of a study, by which it knows them again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..saving.reading import open_input

if TYPE_CHECKING:
    from pathlib import Path


def file_digest(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        OSError: It cannot be read.
    """
    with open_input(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
