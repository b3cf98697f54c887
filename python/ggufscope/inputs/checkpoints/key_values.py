"""Metadata as a list of keys with GGUF's types of values, before it is bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["uint32", "int32", "float32", "bool", "string"]
Scalar = int | float | bool | str | bytes


@dataclass(frozen=True)
class KeyValue:
    """One key of the metadata.

    Attributes:
        key: its name, whole.
        kind: GGUF's type of the value, or of its elements.
        value: a scalar, or a sequence for an array.
    """

    key: str
    kind: Kind
    value: Scalar | Sequence[Scalar]
