"""The package llama-cpp-python: loaded, checked, quiet; and nodes of its graphs as arrays."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import TraceError
from ....extras import install_hint, need

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...shape import Array

VERSION = "0.3.36"  # of llama-cpp-python; as in the extra `runtime` of pyproject.toml

_F32, _I32 = 0, 26  # GGML_TYPE_F32, GGML_TYPE_I32
_ERROR_LEVEL = 4  # GGML_LOG_LEVEL_ERROR

_MOST_COMPLAINTS = 8
_complaints: list[str] = []
_kept: list[Any] = []  # callbacks that the library holds on to


class Node(ctypes.Structure):
    """`ggml_tensor`, as ggml.h of this release lays it out."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),
        ("nb", ctypes.c_size_t * 4),
        ("op", ctypes.c_int),
        ("op_params", ctypes.c_int32 * 16),
        ("flags", ctypes.c_int32),
        ("src", ctypes.c_void_p * 10),
        ("view_src", ctypes.c_void_p),
        ("view_offs", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("name", ctypes.c_char * 64),
    )


@cache
def load() -> Any:
    """The package `llama_cpp`, its log silenced.

    Raises:
        MissingExtraError: It is not installed.
        TraceError: Another release is.
    """
    need("llama_cpp", "runtime")
    import llama_cpp  # noqa: PLC0415  an extra

    if llama_cpp.__version__ != VERSION:
        raise TraceError(
            f"llama-cpp-python {llama_cpp.__version__} is installed, and the engine llama.cpp is written for {VERSION}:"
            f" {install_hint('runtime')}"
        )
    listener = llama_cpp.llama_log_callback(_listen)
    _kept.append(listener)
    llama_cpp.llama_log_set(listener, None)
    llama_cpp.llama_backend_init()
    return llama_cpp


def _listen(level: int, text: bytes, _data: object) -> None:
    if level == _ERROR_LEVEL and len(_complaints) < _MOST_COMPLAINTS:
        _complaints.append(text.decode("utf-8", "replace").strip())


def complaint() -> str:
    """The first error that the library told of since `listen`, in brackets; nothing if there was none."""
    return f" ({_complaints[0]})" if _complaints else ""


def listen() -> None:
    """Forget what the library told of."""
    _complaints.clear()


@cache
def _ggml() -> Any:
    load()
    from llama_cpp._ggml import libggml  # noqa: PLC0415

    libggml.ggml_op_name.restype = ctypes.c_char_p
    libggml.ggml_backend_tensor_get.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
    libggml.ggml_backend_tensor_get.restype = None
    return libggml


@cache
def operation(number: int) -> str:
    """`"MUL_MAT"` for the `op` of a node."""
    name: bytes = _ggml().ggml_op_name(ctypes.c_int(number))
    return name.decode()


def node_at(address: int) -> Node:
    """The node at an address, which the library gave."""
    return Node.from_address(address)


def values(address: int) -> Array:
    """A copy of the values of a node, float32, its dimensions in NumPy's order, leading ones of size 1 dropped.

    Raises:
        TraceError: They are no contiguous float32.
    """
    node = node_at(address)
    shape = tuple(node.ne[axis] for axis in range(3, -1, -1))
    copy = np.empty(shape, np.float32)
    if node.type != _F32 or tuple(node.nb[axis] for axis in range(3, -1, -1)) != copy.strides:
        raise TraceError(f"llama.cpp holds {node.name.decode('utf-8', 'replace')} in a form that is not expected")
    _ggml().ggml_backend_tensor_get(address, copy.ctypes.data, 0, copy.nbytes)
    return copy.reshape(shape[1:] if shape[1] > 1 else shape[2:]) if shape[0] == 1 else copy


def integers(address: int) -> npt.NDArray[np.int32]:
    """A copy of a matrix of integers, (rows, columns); rows may lie apart, as the first columns of a longer one.

    Raises:
        TraceError: It is none.
    """
    node = node_at(address)
    columns, rows, stride = node.ne[0], node.ne[1], node.nb[1]
    if node.type != _I32 or node.nb[0] != 4 or stride % 4 or (node.ne[2], node.ne[3]) != (1, 1):
        raise TraceError(f"llama.cpp holds {node.name.decode('utf-8', 'replace')} in a form that is not expected")
    copy = np.zeros((rows, max(columns, stride // 4)), np.int32)
    _ggml().ggml_backend_tensor_get(address, copy.ctypes.data, 0, (rows - 1) * stride + 4 * columns)
    return copy[:, :columns].copy()
