"""The bytes of a tensor in pieces that fit a cache: copies, so that a file that is cut off meanwhile is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ..models.tensor import Tensor

    Bytes = npt.NDArray[np.uint8]

_PIECE_BYTES = 1 << 20


def pieces(tensor: Tensor, unit: int = 1) -> Iterator[tuple[int, Bytes]]:
    """Position of the first byte and the bytes of each piece, from the tensor's beginning.

    Args:
        tensor: to read.
        unit: bytes that stay together, as a block or a word; they divide the tensor, or its last piece is shorter.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    step = max(1, _PIECE_BYTES // unit) * unit
    for begin in range(0, tensor.n_bytes, step):
        yield begin, bytes_of(tensor, begin, min(tensor.n_bytes, begin + step))


def bytes_of(tensor: Tensor, begin: int, end: int) -> Bytes:
    """Some bytes of a tensor.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    return np.frombuffer(tensor.read(begin, end - begin), np.uint8)
