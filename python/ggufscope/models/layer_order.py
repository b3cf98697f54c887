"""The order of a table of tensors: that of the file, with layers by their numbers.

Converters sort names as text, so that files have `blk.10` before `blk.2`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

Row = TypeVar("Row", bound=Mapping[str, Any])


def in_layer_order(rows: Iterable[Row]) -> list[Row]:
    """The rows with the layers of each stack ascending; what is outside the layers stays before or behind its stack."""
    stacks: dict[str, int] = {}
    keyed: list[tuple[tuple[int, int, int], Row]] = []
    behind = (-1, 0, 0)  # of a row outside the layers: behind the stack that began last
    for row in rows:
        layer = row["layer"]
        if layer is None:
            keyed.append((behind, row))
            continue
        stack = stacks.setdefault(_stack_of(row["name"], layer), len(stacks))
        keyed.append(((stack, 0, layer), row))
        behind = (max(behind[0], stack), 1, 0)
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def _stack_of(name: str, layer: int) -> str:
    """The part of a name before the number of its layer."""
    return name.partition(f".{layer}.")[0]
