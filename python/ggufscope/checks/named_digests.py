"""Digests in the names of files: Ollama's blobs, and the blobs behind the links of the Hugging Face cache."""

from __future__ import annotations

import re
from pathlib import Path

_OLLAMA = re.compile(r"sha256[-:]([0-9a-f]{64})")
_HUB = re.compile(r"[0-9a-f]{64}")


def named_digest(path: str) -> str | None:
    """The SHA-256 that the name of a file says, in hexadecimal; None where it says none.

    >>> named_digest("models/blobs/sha256-" + 64 * "a") == 64 * "a"
    True
    """
    for name in (Path(path).name, _target_name(path)):
        match = _OLLAMA.fullmatch(name)
        if match is not None:
            return match[1]
        if _HUB.fullmatch(name):
            return name
    return None


def _target_name(path: str) -> str:
    """The name of the file behind links."""
    try:
        return Path(path).resolve().name
    except (OSError, RuntimeError):  # a circle of links, or none any more: nothing to read a name from
        return ""
