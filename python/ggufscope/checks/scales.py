"""Where a statistic of blocks first has some property, found by halving what is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._core import observe_buffer
from ..arrays.arguments import describe_type

if TYPE_CHECKING:
    from ..models.tensor import Tensor

    Test = Callable[[Mapping[str, Any]], bool]


def first_block(tensor: Tensor, test: Test, threads: int) -> int:
    """The first block of a tensor whose statistics pass the test, which is known to be passed by those of all blocks.

    Args:
        tensor: of a quantized type.
        test: a function of the fields of a fast profile; it must pass for a run of blocks where it does for one.
        threads: at most so many.
    """
    description = describe_type(tensor.type)
    size, elements = description["bytes_per_block"], description["elements_per_block"]
    data = tensor.data.reshape(-1)
    begin, end = 0, data.size // size
    while end - begin > 1:
        middle = (begin + end) // 2
        half = data[begin * size : middle * size]
        fields = observe_buffer(half, description["id"], 1, (middle - begin) * elements, threads, True).fields()
        begin, end = (begin, middle) if test(fields) else (middle, end)
    return begin
