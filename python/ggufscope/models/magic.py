"""Marks of GGUF files: how they begin, and the key of those that are made up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

GGUF_MAGIC = b"GGUF"
SYNTHETIC_KEY = "ggufscope.synthetic"  # true in files whose weights are made up


def is_gguf(path: str | PathLike[str]) -> bool:
    """Whether a file begins as GGUF files do; pipes and directories, which are no such files, are not looked into.

    Raises:
        OSError: The file cannot be read.
    """
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(GGUF_MAGIC)) == GGUF_MAGIC
