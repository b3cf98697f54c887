"""How GGUF files begin."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

GGUF_MAGIC = b"GGUF"


def is_gguf(path: str | PathLike[str]) -> bool:
    """Whether a file begins as GGUF files do; pipes and directories, which are no such files, are not looked into.

    Raises:
        OSError: The file cannot be read.
    """
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return file.read(len(GGUF_MAGIC)) == GGUF_MAGIC
