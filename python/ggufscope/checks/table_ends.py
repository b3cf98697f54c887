"""Where the table of tensors ends in a file, and so where the data of the first tensor should begin.

The table is the last part of the header; its last row is looked for, as it is stored.

    name: length, bytes   dimensions: number, each   type   offset
    u64     …             u32         u64 …          u32    u64
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ..arrays.arguments import describe_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..models.model import Model
    from ..models.tensor import Tensor

_PIECE_BYTES = 1 << 20
_OFFSET_BYTES = 8


def table_end(model: Model, table: Sequence[Tensor]) -> int | None:
    """The byte behind the table of a file; None where its last row is not as this writes it.

    Args:
        model: open.
        table: the tensors of the file, in the order of its table; at least one.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    last = table[-1]
    row = _row(last, ">" if model.byte_order == "big" else "<")
    limit = min(tensor.offset for tensor in table)
    file = model.files.index(last.file)
    for begin in range(0, limit, _PIECE_BYTES):
        size = min(_PIECE_BYTES + len(row), limit - begin)
        at = model.core().read(file, begin, size).find(row)
        if at >= 0:
            return begin + at + len(row) + _OFFSET_BYTES
    return None


def _row(tensor: Tensor, order: str) -> bytes:
    """A row of the table up to its offset."""
    name = tensor.name.encode("utf-8", "surrogateescape")
    dimensions = tuple(reversed(tensor.shape))
    head = struct.pack(f"{order}Q", len(name)) + name
    return head + struct.pack(
        f"{order}I{len(dimensions)}QI", len(dimensions), *dimensions, describe_type(tensor.type)["id"]
    )
