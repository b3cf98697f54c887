"""Digests in the names of files: Ollama's blobs, and the blobs behind the links of the Hugging Face cache."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..saving.reading import open_input
from ..text.names import base_name
from .findings import Finding, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..inputs.located import Located

DIGEST = "digest"  # the rule
_PIECE_BYTES = 1 << 20
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


def difference(path: str, actual: str) -> str | None:
    """The sentence about a file of that SHA-256; None where its name says the same, or none."""
    named = named_digest(path)
    if named is None or named == actual:
        return None
    return f"the name says SHA-256 {named[:12]}…, the content has {actual[:12]}…"


def wrong_name(file: Located) -> list[Finding]:
    """The finding about a file that is no model and has another digest than its name says; else none.

    Raises:
        GGUFError: It lies elsewhere, and changed while it was read.
        OSError: It cannot be read.
    """
    name = file.path or file.name
    if named_digest(name) is None:
        return []
    digest = hashlib.sha256()
    for piece in _pieces(file):
        digest.update(piece)
    sentence = difference(name, digest.hexdigest())
    return [] if sentence is None else [Finding(DIGEST, "error", sentence, Place(file=base_name(name)))]


def _pieces(file: Located) -> Iterator[bytes | memoryview]:
    """The bytes of a file."""
    if file.path is not None:
        with open_input(file.path) as opened:
            while piece := opened.read(_PIECE_BYTES):
                yield piece
        return
    reader, memory = file.open(), memoryview(bytearray(_PIECE_BYTES))
    try:
        reader.expect([(0, reader.size)])
        for begin in range(0, reader.size, _PIECE_BYTES):
            part = memory[: min(_PIECE_BYTES, reader.size - begin)]
            reader.read_into(begin, part)
            yield part
    finally:
        reader.close()
