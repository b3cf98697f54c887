"""Names and kinds of the statistics, from the core's registry."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from .._core import fields

if TYPE_CHECKING:
    from .._core import FieldInfo

VECTOR_SUMMARIES = ("min", "max", "median", "mad")
QUANTILE_PERCENTS = ("0.1", "1", "5", "25", "50", "75", "95", "99", "99.9")


@cache
def registry() -> tuple[FieldInfo, ...]:
    """Every field, in order."""
    return tuple(fields())


@cache
def kinds() -> dict[str, str]:
    """Field → kind: count, index, number, share, quantiles, histogram or vector."""
    return {field["name"]: field["kind"] for field in registry()}


@cache
def vectors() -> tuple[str, ...]:
    """The fields that are vectors."""
    return tuple(name for name, kind in kinds().items() if kind == "vector")


@cache
def saved_names() -> tuple[str, ...]:
    """Names that a row of a saved profile may have, in order: every field, and in place of a vector its summaries."""
    names: list[str] = []
    for name, kind in kinds().items():
        names += [f"{name}_{what}" for what in VECTOR_SUMMARIES] if kind == "vector" else [name]
    return tuple(names)
