"""Checks of arguments that several public functions share."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, SupportsInt

from .._core import UnsupportedTypeError, types, undecodable_type, usable_cores
from ..loading import lazy
from ..text.choices import offered

if TYPE_CHECKING:
    import numpy as np

    from .._core import TypeDescription
else:
    np = lazy("numpy")

_MOST_THREADS = 1024  # of any machine
_LARGEST_FLOAT32 = (2 - 2**-23) * 2.0**127


@cache
def types_by_name() -> dict[str, TypeDescription]:
    """Name → description of every type that can be decoded."""
    return {description["name"]: description for description in types()}


@cache
def _types_by_number() -> dict[int, TypeDescription]:
    return {description["id"]: description for description in types()}


def type_name(number: int) -> str:
    """The name of a type, as `"Q4_K"`."""
    known = _types_by_number().get(number)
    return known["name"] if known else f"type {number}"


def describe_type(qtype: str | SupportsInt) -> TypeDescription:
    """The type that `qtype` means: a name in any case, a number, or a `gguf.GGMLQuantizationType`.

    Raises:
        UnsupportedTypeError: A number that is known, but not decodable: removed from ggml, or of a fork.
        ValueError: No such type.
    """
    if isinstance(qtype, str):
        description = types_by_name().get(qtype.upper())
    elif isinstance(qtype, (bool, float)) or not hasattr(qtype, "__index__"):
        raise ValueError(f"a type is a name, a number or a gguf.GGMLQuantizationType, not {qtype!r}")
    else:
        description = _types_by_number().get(int(qtype))
        label = undecodable_type(int(qtype)) if description is None and 0 <= int(qtype) < 1 << 32 else None
        if label is not None:
            raise UnsupportedTypeError(f"type {label} cannot be decoded")
    if description is None:
        raise ValueError(f"unknown type {qtype!r}; known are {offered(str(qtype), types_by_name())}")
    return description


def thread_count(threads: int | None) -> int:
    """The threads to use: as many as are asked for, but no more than there are cores for this process; those if None.

    Raises:
        ValueError: It is no positive integer.
    """
    return usable_cores() if threads is None else min(checked_threads(threads), most_threads())


def checked_threads(threads: int) -> int:
    """The threads that are asked for, of whatever machine; without bound only those of another one, as of a cluster.

    Raises:
        ValueError: It is no positive integer.
    """
    if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or threads < 1:
        raise ValueError(f"threads must be a positive integer, not {threads!r}")
    return min(int(threads), _MOST_THREADS)


def most_threads() -> int:
    """The threads beyond which more of them only wait for each other: one for each core of this process."""
    return usable_cores()


def checked_threshold(threshold: float) -> float:
    """`sparsity_threshold` as a float.

    Raises:
        ValueError: It is negative, NaN, or beyond the range of float32, to which it is rounded.
    """
    if not 0 <= threshold <= _LARGEST_FLOAT32:
        raise ValueError(f"sparsity_threshold must be from 0 to {_LARGEST_FLOAT32:.8g}, not {threshold!r}")
    return float(threshold)
