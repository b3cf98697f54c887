"""Exact places: the first element of a tensor with some property, and where it lies in the file.

The pass over a model counts faults; only a tensor that has some is looked at again, from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.arguments import describe_type
from ..models.inspection import source_name
from ..text.names import base_name
from .findings import Place

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..models.tensor import Tensor

    Test = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.bool_]]

_CHUNK_ELEMENTS = 1 << 22


def first_element(tensor: Tensor, test: Test, threads: int, expert: int | None = None) -> int | None:
    """The first element whose decoded value passes the test, counted from the tensor's beginning; None without one.

    Args:
        tensor: where to look.
        test: float32 (rows, columns) → bool of the same shape.
        threads: at most so many.
        expert: look at this one alone.
    """
    columns = tensor.shape[-1] if tensor.shape else 1
    rows_each = tensor.n_rows // tensor.n_experts
    begin, end = (0, tensor.n_rows) if expert is None else (expert * rows_each, (expert + 1) * rows_each)
    step = max(1, _CHUNK_ELEMENTS // max(1, columns))
    for row in range(begin, end, step):
        values = tensor.dequantize(rows=slice(row, min(row + step, end)), threads=threads)
        hits = np.flatnonzero(test(values))
        if hits.size:
            return row * columns + int(hits[0])
    return None


def place_of_element(tensor: Tensor, element: int, **more: Any) -> Place:
    """The place of an element: its row, its block, the first byte of that block in the file."""
    type_ = describe_type(tensor.type)
    columns = tensor.shape[-1] if tensor.shape else 1
    block = element // type_["elements_per_block"]
    return Place(
        tensor=tensor.name,
        row=element // columns,
        block=block if type_["elements_per_block"] > 1 else None,
        element=element,
        file=base_name(tensor.file),
        offset=tensor.position(block * type_["bytes_per_block"]),
        source=_source_of(tensor, element),
        **more,
    )


def _source_of(tensor: Tensor, element: int) -> str | None:
    """The name in a checkpoint of the tensor that an element comes from."""
    source = tensor.source
    if len(source) < 2:
        return source_name(source)
    return source[min(element * len(source) // max(1, tensor.n_elements), len(source) - 1)]


def place_of_block(tensor: Tensor, block: int, **more: Any) -> Place:
    """The place of a block of a tensor."""
    return place_of_element(tensor, block * describe_type(tensor.type)["elements_per_block"], **more)


def first_at(tensor: Tensor, element: int | None) -> str:
    """`, first at [3, 17]`; nothing where the element is not known."""
    return "" if element is None else f", first at {indices(tensor, element)}"


def indices(tensor: Tensor, element: int) -> str:
    """An element as its place in the tensor's shape, `[3, 17]`.

    NumPy's order: expert, row, column.
    """
    shape = tensor.shape or (1,)
    return f"[{', '.join(str(int(i)) for i in np.unravel_index(element, shape))}]"
