"""Blocks of 32 with one scale. The gguf package quantizes the file types; Q8_1 and Q8_K are ggml's working types."""

import gguf
import numpy as np

from .registry import Bytes, Floats, half_bytes, inverse, join, quantizes, signed_extreme


@quantizes("Q4_0", elements=32)
def q4_0(weights: Floats) -> Bytes:
    return gguf.quantize(weights, gguf.GGMLQuantizationType.Q4_0)


@quantizes("Q4_1", elements=32)
def q4_1(weights: Floats) -> Bytes:
    return gguf.quantize(weights, gguf.GGMLQuantizationType.Q4_1)


@quantizes("Q5_0", elements=32)
def q5_0(weights: Floats) -> Bytes:
    return gguf.quantize(weights, gguf.GGMLQuantizationType.Q5_0)


@quantizes("Q5_1", elements=32)
def q5_1(weights: Floats) -> Bytes:
    return gguf.quantize(weights, gguf.GGMLQuantizationType.Q5_1)


@quantizes("Q8_0", elements=32)
def q8_0(weights: Floats) -> Bytes:
    return gguf.quantize(weights, gguf.GGMLQuantizationType.Q8_0)


@quantizes("Q8_1", elements=32)
def q8_1(weights: Floats) -> Bytes:
    """Scale d, s = d · Σ codes, codes: `d:f16 s:f16 q:i8[32]`."""
    scale = np.abs(weights).max(axis=1, keepdims=True) / np.float32(127)
    codes = np.rint(weights * inverse(scale)).astype(np.int8)
    total = scale * codes.sum(axis=1, keepdims=True, dtype=np.int32).astype(np.float32)
    return join(half_bytes(scale), half_bytes(total), codes)


@quantizes("Q8_K", elements=256)
def q8_k(weights: Floats) -> Bytes:
    """Scale, codes, and the sums of 16 codes each: `d:f32 q:i8[256] sums:i16[16]`."""
    scale = signed_extreme(weights) / np.float32(-127)
    codes = np.rint(weights * inverse(scale)).clip(-127, 127).astype(np.int8)
    sums = codes.reshape(-1, 16, 16).sum(axis=2, dtype=np.int16)
    return join(scale.astype("<f4"), codes, sums.astype("<i2"))
