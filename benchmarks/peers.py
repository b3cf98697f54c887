"""What people use without ggufscope, each as one would write it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

import gguf
import numpy as np

from golden.make_golden import load_ggml, pointer

if TYPE_CHECKING:
    from ggufscope.bench import Sample


def with_gguf(sample: Sample) -> np.ndarray:
    """The weights, decoded by the gguf package: float32, shape (n,)."""
    return gguf.dequantize(sample.blocks, gguf.GGMLQuantizationType[sample.type])


def with_gguf_and_numpy(sample: Sample) -> dict[str, float]:
    """Seven statistics of a sample, each as one would write it with NumPy."""
    weights = with_gguf(sample)
    magnitude = np.abs(weights)
    return {
        "l1_norm": magnitude.sum(dtype=np.float64),
        "l2_norm": np.sqrt(np.square(weights).sum(dtype=np.float64)),
        "mean": weights.mean(dtype=np.float64),
        "std": weights.std(dtype=np.float64),
        "min": weights.min(),
        "max": weights.max(),
        "sparsity": (magnitude < 1e-6).mean(),
    }


def ggml_is_here() -> bool:
    return importlib.util.find_spec("llama_cpp") is not None


def with_ggml(sample: Sample, out: np.ndarray) -> Callable[[], None]:
    """Decoding by ggml's own row decoder, from llama-cpp-python, in one thread."""
    decode = load_ggml().ggml_get_type_traits(sample.id).contents.to_float
    return lambda: decode(sample.blocks.ctypes.data, pointer(out), sample.n_elements)
