"""K-quants: 256 weights in sub-blocks whose scales are small integers times one float16.

Scales follow ggml's quantizers before their search (ggml-quants.c, make_qx_quants and make_qkx2_quants).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .registry import Bytes, Floats, energy_ratio, half_bytes, inverse, join, pack, quantizes, signed_extreme

Integers = npt.NDArray[np.int32]


class Symmetric(NamedTuple):
    """Weights as d · scale · code."""

    d: Floats  # (blocks, 1)
    scales: Integers  # (blocks, sub-blocks)
    codes: Integers  # (blocks, 256)


class Affine(NamedTuple):
    """Weights as d · scale · code − dmin · minimum."""

    d: Floats  # (blocks, 1)
    dmin: Floats  # (blocks, 1)
    scales: Integers  # (blocks, sub-blocks)
    minima: Integers  # (blocks, sub-blocks)
    codes: Integers  # (blocks, 256)


def symmetric(weights: Floats, width: int, lowest_scale: int, lowest_code: int) -> Symmetric:
    """Sub-blocks of `width`: the extreme weight takes the lowest code, the largest scale the lowest scale."""
    parts = weights.reshape(len(weights), -1, width)
    wanted = signed_extreme(parts)[:, :, 0] / np.float32(lowest_code)
    d = signed_extreme(wanted) / np.float32(lowest_scale)
    scales = np.rint(wanted * inverse(d)).clip(lowest_scale, -lowest_scale - 1)
    steps = (d * scales)[:, :, None]
    codes = np.rint(parts * inverse(steps)).clip(lowest_code, -lowest_code - 1)
    d = d * energy_ratio(weights, (codes * steps).reshape(weights.shape))
    return Symmetric(d, scales.astype(np.int32), codes.astype(np.int32).reshape(weights.shape))


def affine(weights: Floats, width: int, highest_scale: int, highest_code: int) -> Affine:
    """Sub-blocks of `width` between their minimum (0 if that is positive) and their maximum."""
    parts = weights.reshape(len(weights), -1, width)
    depth = -np.minimum(parts.min(axis=2), 0)
    step = (np.maximum(parts.max(axis=2), 0) + depth) / np.float32(highest_code)
    d = step.max(axis=1, keepdims=True) / np.float32(highest_scale)
    dmin = depth.max(axis=1, keepdims=True) / np.float32(highest_scale)
    scales = np.rint(step * inverse(d))
    minima = np.rint(depth * inverse(dmin))
    steps, offsets = (d * scales)[:, :, None], (dmin * minima)[:, :, None]
    codes = np.rint((parts + offsets) * inverse(steps)).clip(0, highest_code)
    ratio = energy_ratio(weights, (codes * steps - offsets).reshape(weights.shape))
    flat_codes = codes.astype(np.int32).reshape(weights.shape)
    return Affine(d * ratio, dmin * ratio, scales.astype(np.int32), minima.astype(np.int32), flat_codes)


@quantizes("Q2_K", elements=256)
def q2_k(weights: Floats) -> Bytes:
    """`(minimum scale):u4×2[16] codes:u2[256] d:f16 dmin:f16`."""
    fit = affine(weights, 16, 15, 3)
    pairs = (fit.scales | fit.minima << 4).astype(np.uint8)
    return join(pairs, pack(fit.codes, 2, 32), half_bytes(fit.d), half_bytes(fit.dmin))


@quantizes("Q3_K", elements=256)
def q3_k(weights: Floats) -> Bytes:
    """`high bits:u1[256] low bits:u2[256] scales:u6[16] d:f16`, codes stored plus 4, scales plus 32."""
    fit = symmetric(weights, 16, -32, -4)
    codes = fit.codes + 4
    return join(
        pack(codes >> 2, 1, 32),
        pack(codes & 3, 2, 32),
        pack_six_bit_scales(fit.scales + 32),
        half_bytes(fit.d),
    )


def pack_six_bit_scales(scales: Integers) -> Bytes:
    """Sixteen scales of 6 bits in 12 bytes: low nibbles of 0–7 and 8–15, then the high pairs of i, i+4, i+8, i+12."""
    return join(pack(scales & 15, 4, 8), pack(scales >> 4, 2, 4))


def pack_scales_and_minima(scales: Integers, minima: Integers) -> Bytes:
    """Eight scales s and minima m of 6 bits in 12 bytes.

    bytes 0–3   s4–7 high pair | s0–3
    bytes 4–7   m4–7 high pair | m0–3
    bytes 8–11  m4–7 low nibble | s4–7 low nibble
    """
    first = scales[:, :4] | (scales[:, 4:] >> 4) << 6
    second = minima[:, :4] | (minima[:, 4:] >> 4) << 6
    third = scales[:, 4:] & 15 | (minima[:, 4:] & 15) << 4
    return np.concatenate([first, second, third], axis=1).astype(np.uint8)


@quantizes("Q4_K", elements=256)
def q4_k(weights: Floats) -> Bytes:
    """`d:f16 dmin:f16 scales and minima:12 codes:u4[256]`."""
    fit = affine(weights, 32, 63, 15)
    packed = pack_scales_and_minima(fit.scales, fit.minima)
    return join(half_bytes(fit.d), half_bytes(fit.dmin), packed, pack(fit.codes, 4, 32))


@quantizes("Q5_K", elements=256)
def q5_k(weights: Floats) -> Bytes:
    """`d:f16 dmin:f16 scales and minima:12 high bits:u1[256] low bits:u4[256]`."""
    fit = affine(weights, 32, 63, 31)
    packed = pack_scales_and_minima(fit.scales, fit.minima)
    codes = pack(fit.codes >> 4, 1, 32), pack(fit.codes & 15, 4, 32)
    return join(half_bytes(fit.d), half_bytes(fit.dmin), packed, *codes)


@quantizes("Q6_K", elements=256)
def q6_k(weights: Floats) -> Bytes:
    """`low bits:u4[256] high bits:u2[256] scales:i8[16] d:f16`, codes stored plus 32."""
    fit = symmetric(weights, 16, -128, -32)
    codes = fit.codes + 32
    return join(pack(codes & 15, 4, 64), pack(codes >> 4, 2, 32), fit.scales.astype(np.int8), half_bytes(fit.d))
