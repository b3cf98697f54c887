"""Decoding and statistics of buffers that other code holds: blocks of any type, or plain NumPy arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, SupportsInt, TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from .._core import decode, observe_buffer
from .arguments import checked_threshold, describe_type, thread_count
from .statistics import TensorStatistics
from .targets import checked_out

if TYPE_CHECKING:
    from .._core import TypeDescription

Blocks: TypeAlias = npt.NDArray[Any] | bytes | bytearray | memoryview
Out = TypeVar("Out")

# Arrays that there is a type for, by NumPy's kind and size.
_PLAIN_TYPES = {
    "f2": "F16", "f4": "F32", "f8": "F64", "i1": "I8", "i2": "I16", "i4": "I32", "i8": "I64",
    "u1": "U8", "u2": "U16", "u4": "U32", "u8": "U64", "b1": "BOOL",
}  # fmt: skip
# Statistics of these are of a type that ggml has, where one holds their values without loss.
_WIDER = {"u1": "i2", "u2": "i4", "u4": "i8", "b1": "i1"}


@overload
def dequantize(
    blocks: Blocks, qtype: str | SupportsInt, out: None = None, threads: int | None = None
) -> npt.NDArray[np.float32]: ...
@overload
def dequantize(blocks: Blocks, qtype: str | SupportsInt, out: Out, threads: int | None = None) -> Out: ...
def dequantize(blocks: Blocks, qtype: str | SupportsInt, out: Any = None, threads: int | None = None) -> Any:
    """Decode blocks of any type to float32, bit for bit as ggml does, and exactly where a type is of safetensors alone.

    Args:
        blocks: uint8, shape (…, bytes): every row a whole number of blocks, as in `Tensor.data`, or a single row of it;
            or `bytes`, or another buffer of bytes, as one row. For types without blocks (F16, F32, I8, …) an array of
            that NumPy dtype is fine too. A strided array is copied first.
        qtype: a name (`"Q4_K"`, `"F8_E4M3"`), a number (12) or a `gguf.GGMLQuantizationType`.
        out: where to write, writable and C-contiguous float32 of the result's shape: an array of NumPy, a tensor of
            torch or anything else of DLPack in memory of the CPU, or a buffer of floats; a new array if None.
        threads: at most so many; by default the cores this process may use. Below 4 MB one.

    Returns:
        `out`, or a new array of shape (…, elements).

    Raises:
        ValueError: An unknown type, rows of partial blocks, or a wrong dtype, `out` or `threads`.

    Example:
        >>> import numpy as np
        >>> dequantize(np.zeros((2, 34), np.uint8), "Q8_0").shape
        (2, 32)
        >>> dequantize(bytes(34), "Q8_0").shape
        (32,)
    """
    description = describe_type(qtype)
    raw = as_bytes(as_array(blocks), description)
    target = checked_out(out, (*raw.shape[:-1], elements_in(raw.shape[-1], description)))
    n_threads = thread_count(threads)
    if raw.size:
        decode(raw.reshape(-1), description["id"], target, n_threads)
    return target if out is None else out


def summarize(
    values: Blocks,
    qtype: str | SupportsInt | None = None,
    *,
    threads: int | None = None,
    fast: bool = False,
    sparsity_threshold: float = 1e-6,
) -> TensorStatistics:
    """Statistics of any buffer: the same numbers that a profile gives for a tensor.

    Args:
        values: without `qtype` an array of floats, integers or booleans, each taken as one weight; with it, blocks of
            that type as for `dequantize`. Leading dimensions are merged: a row is a run along the last one.
        qtype: a name, a number or a `gguf.GGMLQuantizationType`.
        threads: at most so many; by default the cores this process may use. Below 4 MB one.
        fast: leave out histogram, row and column norms and code statistics.
        sparsity_threshold: `sparsity` is the share of weights below it in magnitude.

    Returns:
        The fields of docs/metrics.md as attributes.

    Raises:
        ValueError: An unknown type, rows of partial blocks, or a wrong dtype or argument.

    Example:
        >>> import numpy as np
        >>> summarize(np.array([3.0, -4.0])).l2_norm
        5.0
    """
    array = as_array(values)
    if qtype is None:
        array, qtype = plain(array)
    description = describe_type(qtype)
    raw = as_bytes(array, description)
    columns = elements_in(raw.shape[-1], description)
    shape = (*raw.shape[:-1], columns)
    statistics = observe_buffer(
        raw.reshape(-1),
        description["id"],
        math.prod(shape[:-1]),
        columns,
        thread_count(threads),
        fast,
        checked_threshold(sparsity_threshold),
    )
    return TensorStatistics.of(statistics, n_bytes=raw.size, shape=shape, type=description["name"])


def plain(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], str]:
    """An array of a dtype that ggml knows, in this machine's byte order, and the name of that type."""
    code = f"{array.dtype.kind}{array.dtype.itemsize}"
    code = _WIDER.get(code, code)
    if code not in _PLAIN_TYPES:
        raise ValueError(
            f"cannot summarize values of dtype {array.dtype}; convert them, or name the type of the blocks"
        )
    return array.astype(code, copy=False), _PLAIN_TYPES[code]


def as_array(buffer: Blocks) -> npt.NDArray[Any]:
    """A buffer as an array; of bytes as uint8, without a copy."""
    if isinstance(buffer, (bytes, bytearray)):
        return np.frombuffer(buffer, np.uint8)
    array = np.asarray(buffer)
    return array.view(np.uint8) if array.dtype == "S1" else array


def as_bytes(blocks: npt.NDArray[Any], description: TypeDescription) -> npt.NDArray[np.uint8]:
    """The blocks as contiguous uint8, shape (…, bytes)."""
    array = blocks
    if array.dtype != np.uint8:
        own = _PLAIN_TYPES.get(f"{array.dtype.kind}{array.dtype.itemsize}")
        if own != description["name"]:
            raise ValueError(f"blocks of {description['name']} are uint8, not {array.dtype}")
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
    array = np.ascontiguousarray(array if array.ndim else array.reshape(1))
    # The shape of the view is given: NumPy cannot infer it for arrays without elements.
    return array.reshape(-1).view(np.uint8).reshape(*array.shape[:-1], array.shape[-1] * array.itemsize)


def elements_in(n_bytes: int, description: TypeDescription) -> int:
    """Elements in a row of `n_bytes`."""
    blocks, rest = divmod(n_bytes, description["bytes_per_block"])
    if rest:
        raise ValueError(
            f"rows of {n_bytes} bytes are no whole number of {description['name']} blocks"
            f" of {description['bytes_per_block']} bytes"
        )
    return blocks * description["elements_per_block"]
