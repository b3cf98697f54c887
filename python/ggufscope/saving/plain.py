"""Documents as dictionaries, lists and plain values.

`dataclasses.asdict` does the same and copies every number by `copy.deepcopy`: of a small model's results that took a
third of the time.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

_IMMUTABLE = frozenset({type(None), bool, int, float, str})


def plain_of(value: Any) -> Any:
    """The value with all dataclasses in it as dictionaries, and all containers copied.

    >>> plain_of([(1, {"a": None})])
    [(1, {'a': None})]
    """
    kind: Any = type(value)
    if kind in _IMMUTABLE:
        return value
    if kind is list:
        return [plain_of(each) for each in value]
    if isinstance(value, dict):
        return {key: plain_of(each) for key, each in value.items()}
    names = _field_names(kind)
    if names is not None:
        return {name: plain_of(getattr(value, name)) for name in names}
    return tuple(plain_of(each) for each in value) if isinstance(value, tuple) else value


@cache
def _field_names(kind: Any) -> tuple[str, ...] | None:
    """The fields of a dataclass; None of any other type."""
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else None
