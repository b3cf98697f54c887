"""JSON that people can read: lists of plain values, and short records of them, stand on a line each."""

from __future__ import annotations

import json
from typing import Any

_LONGEST_LINE = 160  # characters
_encode = json.JSONEncoder(allow_nan=False).encode  # json.dumps would make an encoder for every value


def indented(plain: Any) -> str:
    """The text of a file."""
    return _indented(plain, "") + "\n"


def _indented(value: Any, indent: str, *, listed: bool = False) -> str:
    """JSON, indented as far as what fits on a line.

    Args:
        value: what to write.
        indent: of the line it begins on.
        listed: whether it stands in a list, where also a record of records may be short.
    """
    inner = indent + " "
    nested = isinstance(value, dict) and any(isinstance(each, (dict, list)) for each in value.values())
    if isinstance(value, dict) and value and indent and (listed or not nested):
        line = _encode(value)
        if len(indent) + len(line) <= _LONGEST_LINE:
            return line
    if isinstance(value, dict) and value:
        lines = [f"{inner}{_encode(key)}: {_indented(each, inner)}" for key, each in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        return "[\n" + ",\n".join(inner + _indented(each, inner, listed=True) for each in value) + f"\n{indent}]"
    return _encode(value)
