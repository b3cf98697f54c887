"""Types without blocks: floats, and integers as fixed-point numbers."""

import gguf
import numpy as np

from .registry import Bytes, Floats, quantizes

# Integers cannot hold weights of 0.02; they count steps of this size, which leaves I8 room for six sigma of it.
INTEGER_STEP = 1 / 1024


@quantizes("F32", elements=1)
def f32(weights: Floats) -> Bytes:
    return weights.astype("<f4").view(np.uint8)


@quantizes("F16", elements=1)
def f16(weights: Floats) -> Bytes:
    return weights.astype("<f2").view(np.uint8)


@quantizes("BF16", elements=1)
def bf16(weights: Floats) -> Bytes:
    return gguf.quantize(weights.reshape(1, -1), gguf.GGMLQuantizationType.BF16).reshape(-1, 2)


@quantizes("F64", elements=1)
def f64(weights: Floats) -> Bytes:
    return weights.astype("<f8").view(np.uint8)


def _integers(weights: Floats, dtype: str) -> Bytes:
    limits = np.iinfo(dtype)
    return np.rint(weights.astype(np.float64) / INTEGER_STEP).clip(limits.min, limits.max).astype(dtype).view(np.uint8)


@quantizes("I8", elements=1)
def i8(weights: Floats) -> Bytes:
    return _integers(weights, "<i1")


@quantizes("I16", elements=1)
def i16(weights: Floats) -> Bytes:
    return _integers(weights, "<i2")


@quantizes("I32", elements=1)
def i32(weights: Floats) -> Bytes:
    return _integers(weights, "<i4")


@quantizes("I64", elements=1)
def i64(weights: Floats) -> Bytes:
    return np.rint(weights.astype(np.float64) / INTEGER_STEP).astype("<i8").view(np.uint8)
