"""Types of one sign or three levels per weight."""

import gguf
import numpy as np

from .registry import Bytes, Floats, energy_ratio, half_bytes, join, pack, quantizes


def ternary(weights: Floats) -> tuple[Floats, Floats]:
    """Levels −1, 0, 1 and their scale (blocks, 1); rounded at the mean magnitude, as BitNet b1.58 does."""
    magnitude = np.abs(weights).mean(axis=1, keepdims=True)
    levels = np.sign(weights) * (np.abs(weights) > magnitude / 2)
    return levels, energy_ratio(weights, levels)


@quantizes("TQ1_0", elements=256)
def tq1_0(weights: Floats) -> Bytes:
    levels, scale = ternary(weights)
    return gguf.quantize(levels * scale, gguf.GGMLQuantizationType.TQ1_0)  # already ternary, so it only packs


@quantizes("TQ2_0", elements=256)
def tq2_0(weights: Floats) -> Bytes:
    levels, scale = ternary(weights)
    return gguf.quantize(levels * scale, gguf.GGMLQuantizationType.TQ2_0)


@quantizes("Q2_0", elements=64)
def q2_0(weights: Floats) -> Bytes:
    """`d:f16 codes:u2[64]`, code = level + 1, four neighbours in a byte."""
    levels, scale = ternary(weights)
    return join(half_bytes(scale), pack(levels.astype(np.int8) + 1, 2, 1))


@quantizes("Q1_0", elements=128)
def q1_0(weights: Floats) -> Bytes:
    """`d:f16 positive:u1[128]`, ±d."""
    positive = weights >= 0
    scale = energy_ratio(weights, np.ones_like(weights))
    return join(half_bytes(scale), pack(positive, 1, 1))
