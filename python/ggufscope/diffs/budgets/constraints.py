"""Constraints on a mix: tensors that keep a type."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ...arrays.arguments import types_by_name
from ...text.choices import natural_key, offered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...models.tensor import Tensor


def parse_keep(texts: Iterable[str]) -> dict[str, str]:
    """Patterns and types of texts as `output=Q6_K`.

    Raises:
        ValueError: A text is none, or names no type; a pattern is there twice.

    >>> parse_keep(["output=q6_k", "blk.0.*=Q8_0"])
    {'output': 'Q6_K', 'blk.0.*': 'Q8_0'}
    """
    keep = {}
    for text in texts:
        pattern, equals, name = text.rpartition("=")
        if not (pattern and equals and name):
            raise ValueError(f"--keep takes ROLE=TYPE or NAME=TYPE, as output=Q6_K, not {text!r}")
        if pattern in keep:
            raise ValueError(f"--keep says twice what {pattern!r} keeps: choose one type")
        keep[pattern] = type_called(name)
    return keep


def type_called(name: str) -> str:
    """Ggml's name of a type, however it is spelled.

    Raises:
        ValueError: There is no such type.
    """
    known = {name.upper(): name for name, description in types_by_name().items() if description["ggml"]}
    if name.strip().upper() not in known:
        raise ValueError(f"there is no type {name!r}")
    return known[name.strip().upper()]


def kept_types(keep: Mapping[str, str], tensors: Iterable[Tensor]) -> dict[str, str]:
    """Name → the type that a tensor keeps: of the first pattern that its name or its role fits.

    Raises:
        ValueError: A pattern fits none.
    """
    kept: dict[str, str] = {}
    used: set[str] = set()
    roles: set[str] = set()
    for tensor in tensors:
        roles |= {tensor.role} if tensor.role is not None else set()
        for pattern, type_name in keep.items():
            if fnmatchcase(tensor.name, pattern) or fnmatchcase(tensor.role or "", pattern):
                used.add(pattern)
                kept.setdefault(tensor.name, type_name)
    unused = [pattern for pattern in keep if pattern not in used]
    if unused:
        raise ValueError(
            f"--keep {unused[0]}: no tensor that is quantized has such a name or role; roles:"
            f" {offered(unused[0], sorted(roles, key=natural_key))}"
        )
    return kept
