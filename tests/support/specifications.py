"""Specifications of charts, as trees of dicts and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def strings(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every string of a specification, its keys too, with the way to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, (*path, "key")
            yield from strings(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, (*path, "[]"))
    elif isinstance(value, str):
        yield value, path
