"""Integers of saved documents: what tables hold, 64 bits with a sign."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_HELD = range(-(1 << 63), 1 << 63)


def first_too_large(value: Any, place: str = "") -> str | None:
    """The place of the first integer that no table holds, as `models.0.n_bytes`; None without one.

    Args:
        value: a document of dataclasses, or a part of one.
        place: of it.

    >>> first_too_large({"a": [1, 2**63]}), first_too_large([2**63 - 1])
    ('a.1', None)
    """
    if isinstance(value, int):
        return None if value in _HELD else place
    faults = (first_too_large(part, f"{place}.{name}".lstrip(".")) for name, part in _parts(value))
    return next((fault for fault in faults if fault is not None), None)


def _parts(value: Any) -> Iterable[tuple[Any, Any]]:
    if is_dataclass(value):
        return ((field.name, getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
