"""Where decoded numbers are written: NumPy arrays, and the memory of what other libraries have in place of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..loading import lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
else:
    np = lazy("numpy")


def checked_out(out: Any, shape: Sequence[int]) -> npt.NDArray[np.float32]:
    """The memory of `out` as an array of `shape`, or a new array if it is None.

    Args:
        out: an array of NumPy; an object with `__dlpack__` in memory of the CPU (a tensor of torch) or with
            `__array_interface__`; or a buffer of floats (`array.array("f", …)`), which may be flat.
        shape: of what is written.

    Raises:
        ValueError: `out` is not writable, C-contiguous, aligned, float32 and of that shape.
    """
    shape = tuple(shape)
    if out is None:
        return np.empty(shape, np.float32)
    array = _as_array(out, shape)
    if array is None or array.dtype != np.float32 or array.shape != shape:
        raise ValueError(_refusal(shape))
    if not (array.flags.c_contiguous and array.flags.writeable and array.flags.aligned):
        raise ValueError(_refusal(shape))
    return array


def _refusal(shape: tuple[int, ...]) -> str:
    return f"out must be a writable, C-contiguous, aligned float32 array of shape {shape}"


def _as_array(out: Any, shape: tuple[int, ...]) -> npt.NDArray[Any] | None:
    """A view of the memory of `out`; None where it has none that NumPy could see."""
    if isinstance(out, np.ndarray):
        return out
    if hasattr(out, "__array_interface__"):
        return np.asarray(out)
    if hasattr(out, "__dlpack__"):
        try:
            return np.from_dlpack(out)
        except (BufferError, RuntimeError, TypeError, ValueError) as error:  # another device; torch: it needs gradients
            raise ValueError(f"{_refusal(shape)}: {' '.join(str(error).splitlines())}") from None
    try:
        flat = np.asarray(memoryview(out))
    except TypeError:
        return None
    return flat.reshape(shape) if flat.ndim == 1 and flat.size == math.prod(shape) else flat
