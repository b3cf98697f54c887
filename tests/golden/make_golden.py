"""Make the golden vectors: blocks from ggml's own quantizers, and the weights ggml's own decoders give for them.

Run by hand, never by the tests, with any interpreter that has `llama-cpp-python` (0.3.36 or newer: it must know Q2_0)
and `numpy`:

    python tests/golden/make_golden.py

It writes one `<TYPE>.npz` per quantized type beside itself, and `PROVENANCE.json`. In a file:

* `blocks`: uint8, (n, bytes per block). First what ggml's quantizer makes of `weights()`, then blocks of random bytes,
  whose scales are anything, NaN and Inf included.
* `decoded`: float32, (n, weights per block). What ggml's row decoder gives; absent for Q8_1, which has none.

Types whose quantizer needs an importance matrix get a uniform one. The same library gives the same bytes.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SEED = 20_240_607
COLUMNS = 256  # the longest block
RANDOM_WEIGHTS = 2 * COLUMNS  # as blocks of random bytes
TYPE_COUNT = 43  # GGML_TYPE_COUNT of this release: ggml_get_type_traits aborts beyond it

FloatPointer = ctypes.POINTER(ctypes.c_float)
ToFloat = ctypes.CFUNCTYPE(None, ctypes.c_void_p, FloatPointer, ctypes.c_int64)
FromFloat = ctypes.CFUNCTYPE(None, FloatPointer, ctypes.c_void_p, ctypes.c_int64)


class TypeTraits(ctypes.Structure):
    """`struct ggml_type_traits` of ggml.h."""

    _fields_ = (
        ("type_name", ctypes.c_char_p),
        ("block_size", ctypes.c_int64),
        ("block_size_interleave", ctypes.c_int64),
        ("type_size", ctypes.c_size_t),
        ("is_quantized", ctypes.c_bool),
        ("to_float", ToFloat),
        ("from_float_ref", FromFloat),
    )


def load_ggml() -> ctypes.CDLL:
    """Ggml's base library, as llama-cpp-python ships it."""
    package = importlib.util.find_spec("llama_cpp")
    if package is None or package.origin is None:
        raise SystemExit("llama-cpp-python is not installed in this interpreter")
    suffix = "dylib" if platform.system() == "Darwin" else "so"
    ggml = ctypes.CDLL(str(Path(package.origin).parent / "lib" / f"libggml-base.{suffix}"))
    ggml.ggml_get_type_traits.restype = ctypes.POINTER(TypeTraits)
    ggml.ggml_quantize_requires_imatrix.restype = ctypes.c_bool
    ggml.ggml_quantize_chunk.restype = ctypes.c_size_t
    ggml.ggml_quantize_chunk.argtypes = (
        ctypes.c_int, FloatPointer, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, FloatPointer,
    )  # fmt: skip
    for text in (ggml.ggml_version, ggml.ggml_commit):
        text.restype = ctypes.c_char_p
    return ggml


def weights() -> np.ndarray:
    """Draw the quantizers' input: float32, (rows, 256), one kind of tensor per row."""
    rng = np.random.default_rng(SEED)
    gaussian = rng.normal(0.0, 0.02, (5, COLUMNS))
    with_outliers = gaussian[0].copy()
    with_outliers[rng.integers(0, COLUMNS, 4)] *= 60.0
    partly_zero = gaussian[1].copy()
    partly_zero[32:96] = 0.0
    rows = [
        gaussian[2],
        rng.laplace(0.0, 0.02, COLUMNS),
        with_outliers,
        partly_zero,
        np.zeros(COLUMNS),
        gaussian[3] * 1e5,
        gaussian[4] * 1e-5,
        np.sign(rng.normal(size=COLUMNS)) * 0.5,
    ]
    return np.array(rows, dtype=np.float32)


def pointer(array: np.ndarray) -> ctypes._Pointer:
    return array.ctypes.data_as(FloatPointer)


def quantize(ggml: ctypes.CDLL, type_id: int, traits: TypeTraits, values: np.ndarray) -> np.ndarray:
    """Ggml's blocks for `values`: uint8, (n, bytes per block)."""
    n_blocks = values.size // traits.block_size
    blocks = np.zeros((n_blocks, traits.type_size), dtype=np.uint8)
    name = traits.type_name.decode()
    if name in {"q8_1", "q8_K"}:  # types of activations, outside ggml_quantize_chunk
        quantizer = getattr(ggml, f"quantize_row_{name}_ref")
        quantizer.argtypes = (FloatPointer, ctypes.c_void_p, ctypes.c_int64)
        quantizer(pointer(values), blocks.ctypes.data, values.size)
        return blocks
    importance = np.ones(COLUMNS, dtype=np.float32) if ggml.ggml_quantize_requires_imatrix(type_id) else None
    written = ggml.ggml_quantize_chunk(
        type_id, pointer(values), blocks.ctypes.data, 0, values.shape[0], COLUMNS,
        None if importance is None else pointer(importance),
    )  # fmt: skip
    if written != blocks.nbytes:
        raise SystemExit(f"{name}: {written} bytes written, {blocks.nbytes} expected")
    return blocks


def decode(ggml: ctypes.CDLL, traits: TypeTraits, blocks: np.ndarray) -> np.ndarray | None:
    """Ggml's weights for `blocks`: float32, (n, weights per block); None where it has no decoder."""
    name = traits.type_name.decode()
    decoder = traits.to_float
    if not decoder:
        if name != "q8_K":
            return None
        decoder = ggml.dequantize_row_q8_K
        decoder.argtypes = (ctypes.c_void_p, FloatPointer, ctypes.c_int64)
        decoder.restype = None
    decoded = np.zeros((blocks.shape[0], traits.block_size), dtype=np.float32)
    decoder(blocks.ctypes.data, pointer(decoded), decoded.size)
    return decoded


def make(ggml: ctypes.CDLL, type_id: int, traits: TypeTraits) -> Path:
    """Write the file of one type."""
    rng = np.random.default_rng(SEED + type_id)
    quantized = quantize(ggml, type_id, traits, weights())
    n_random = RANDOM_WEIGHTS // traits.block_size
    random = rng.integers(0, 256, (n_random, traits.type_size), dtype=np.uint8)
    arrays = {"blocks": np.concatenate([quantized, random])}
    decoded = decode(ggml, traits, arrays["blocks"])
    if decoded is not None:
        arrays["decoded"] = decoded
    path = HERE / f"{traits.type_name.decode().upper()}.npz"
    np.savez_compressed(path, **arrays)
    return path


def main() -> None:
    ggml = load_ggml()
    files = {}
    for type_id in range(TYPE_COUNT):
        traits = ggml.ggml_get_type_traits(type_id).contents
        if traits.is_quantized and traits.type_size > 0:
            path = make(ggml, type_id, traits)
            files[path.name] = {"type": type_id, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    provenance = {
        "made_by": "tests/golden/make_golden.py",
        "seed": SEED,
        "ggml": {"version": ggml.ggml_version().decode(), "commit": ggml.ggml_commit().decode()},
        "llama_cpp_python": importlib.metadata.version("llama-cpp-python"),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "license": "computed by ggml (MIT) from random numbers; no model's weights",
        "files": files,
    }
    (HERE / "PROVENANCE.json").write_text(json.dumps(provenance, indent=2) + "\n")


if __name__ == "__main__":
    main()
