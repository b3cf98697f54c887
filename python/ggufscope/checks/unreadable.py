"""The finding of a file that cannot be read as a model: the first place where it violates the format."""

from __future__ import annotations

import re

from ..text.names import base_name
from .findings import Finding, Place

READABLE = "readable"
_NO_GGUF = "not a GGUF file"
_PLACE = re.compile(
    r"(?:not an importance matrix: )?"
    r"(?:(?P<kind>tensor|key) '(?P<name>[^']*)', )?(?:header, )?byte (?P<offset>\d+): "
)


def first_violation(path: str, error: Exception) -> Finding:
    """The finding, from the error that the reader raised."""
    sentence = str(error).removeprefix(f"{path}: ")
    match = _PLACE.match(sentence)
    if match is None:
        # A file of another kind is told by its first bytes; what has no place is the file's, or a set of files'.
        offset = 0 if sentence.startswith(_NO_GGUF) else None
        return Finding(READABLE, "error", sentence, Place(file=base_name(path), offset=offset))
    name = {match["kind"]: match["name"]}
    place = Place(tensor=name.get("tensor"), key=name.get("key"), file=base_name(path), offset=int(match["offset"]))
    return Finding(READABLE, "error", sentence, place)
