"""What the same numbers cost without ggufscope: the gguf package decodes, NumPy counts.

On one tensor, `blk.0.ffn_up`; a whole 8B model takes minutes. ggufscope on the same tensor stands beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

import ggufscope

NAME = "blk.0.ffn_up.weight"


def numpy_statistics(weights: np.ndarray) -> dict[str, Any]:
    """The fast statistics and the histogram, each as one would write it with NumPy."""
    flat = weights.reshape(-1)
    wide = flat.astype(np.float64)
    mean, std = wide.mean(), wide.std()
    centred = wide - mean
    magnitude = np.abs(flat)
    return {
        "nan_count": np.isnan(flat).sum(),
        "min": flat.min(),
        "max": flat.max(),
        "abs_max_index": magnitude.argmax(),
        "zero_fraction": (flat == 0).mean(),
        "sparsity": (magnitude < 1e-6).mean(),
        "l1_norm": magnitude.sum(dtype=np.float64),
        "l2_norm": np.sqrt(np.square(wide).sum()),
        "skewness": (centred**3).mean() / std**3,
        "kurtosis": (centred**4).mean() / std**4 - 3,
        "histogram": np.histogram(flat, bins=2048),
        "row_l2": np.linalg.norm(weights, axis=-1),
        "column_l2": np.linalg.norm(weights, axis=0),
    }


@pytest.fixture(scope="module")
def tensor(model: Path) -> Any:
    with ggufscope.open(model) as opened:
        if NAME not in opened.tensors:
            pytest.skip(f"{model} has no {NAME}")
        yield opened.tensors[NAME]


def describe(benchmark: Any, tensor: Any) -> None:
    benchmark.extra_info.update(parameters=tensor.n_elements, bytes=tensor.n_bytes, threads=1)


def test_gguf_and_numpy(benchmark: Any, tensor: Any) -> None:
    describe(benchmark, tensor)
    qtype = gguf.GGMLQuantizationType[tensor.type]
    found = benchmark.pedantic(lambda: numpy_statistics(gguf.dequantize(tensor.data, qtype)), rounds=3)
    assert found["kurtosis"] == pytest.approx(tensor.statistics(threads=1).kurtosis, rel=1e-4)


def test_ggufscope(benchmark: Any, tensor: Any) -> None:
    describe(benchmark, tensor)
    benchmark.pedantic(tensor.statistics, kwargs={"threads": 1}, rounds=5, warmup_rounds=1)


def test_gguf_dequantize(benchmark: Any, tensor: Any) -> None:
    describe(benchmark, tensor)
    qtype = gguf.GGMLQuantizationType[tensor.type]
    benchmark.pedantic(gguf.dequantize, (tensor.data, qtype), rounds=3)


def test_ggufscope_dequantize(benchmark: Any, tensor: Any) -> None:
    describe(benchmark, tensor)
    out = np.empty(tensor.shape, np.float32)
    benchmark.pedantic(tensor.dequantize, kwargs={"out": out, "threads": 1}, rounds=5, warmup_rounds=1)
