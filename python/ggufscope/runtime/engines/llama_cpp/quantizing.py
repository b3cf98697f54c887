"""Blocks by ggml's own quantizers, those that `llama-quantize` calls, a few rows at a time."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ....arrays.arguments import describe_type
from ....errors import TraceError
from ....models.recipes.quantizer import MADE, NEED_IMPORTANCE, can_make
from .library import load

if TYPE_CHECKING:
    import numpy.typing as npt

_Floats = ctypes.POINTER(ctypes.c_float)


def quantize(
    rows: npt.NDArray[np.float32], type_name: str, importance: npt.NDArray[np.float32] | None = None
) -> npt.NDArray[np.uint8]:
    """Blocks of some rows, (rows, bytes per row). The GIL is released meanwhile.

    Args:
        rows: (rows, columns), C-contiguous.
        type_name: one of `models.recipes.quantizer.MADE`, whose blocks divide the columns.
        importance: (columns,) weights of the squared errors; None for what the quantizer does without.

    Raises:
        MissingExtraError: llama-cpp-python is not installed.
        ValueError: A type that is not made, whose blocks do not divide the columns, or that needs an importance.
        TraceError: A row has a NaN or an Inf, or ggml wrote another number of bytes.
    """
    description = describe_type(type_name)
    columns, elements = rows.shape[1], description["elements_per_block"]
    if not can_make(type_name):
        raise ValueError(f"ggml does not make {type_name}; it makes {', '.join(MADE)}")
    if columns % elements:
        raise ValueError(f"rows of {columns} are no whole number of {type_name} blocks of {elements}")
    if importance is None and requires_importance(type_name):
        raise ValueError(f"{type_name} takes an importance matrix")
    if not np.isfinite(rows).all():
        raise TraceError(f"weights that are not finite cannot be made {type_name}")
    blocks = np.empty((len(rows), columns // elements * description["bytes_per_block"]), np.uint8)
    if not rows.size:
        return blocks
    weights = None if importance is None else np.ascontiguousarray(importance, np.float32)
    exact = np.ascontiguousarray(rows, np.float32)
    written = _ggml().ggml_quantize_chunk(
        description["id"], _pointer(exact), blocks.ctypes.data, 0, len(rows), columns, _pointer(weights)
    )
    if written != blocks.nbytes:
        raise TraceError(f"ggml wrote {written} bytes of {type_name}, and {blocks.nbytes} are expected")
    return blocks


@cache
def requires_importance(type_name: str) -> bool:
    """Whether a type is not made without an importance matrix, as `llama-quantize` has it.

    Raises:
        MissingExtraError: llama-cpp-python is not installed.
    """
    required: bool = _ggml().ggml_quantize_requires_imatrix(describe_type(type_name)["id"])
    return required or type_name in NEED_IMPORTANCE


def _pointer(array: npt.NDArray[np.float32] | None) -> Any:
    return None if array is None else array.ctypes.data_as(_Floats)


@cache
def _ggml() -> Any:
    load()
    from llama_cpp._ggml import libggml  # noqa: PLC0415  an extra

    libggml.ggml_quantize_requires_imatrix.restype = ctypes.c_bool
    libggml.ggml_quantize_requires_imatrix.argtypes = (ctypes.c_int,)
    libggml.ggml_quantize_chunk.restype = ctypes.c_size_t
    libggml.ggml_quantize_chunk.argtypes = (
        ctypes.c_int,
        _Floats,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_int64,
        _Floats,
    )
    return libggml
