"""IQ types: each weight, or each group of four or eight, is the nearest entry of a fixed codebook."""

from typing import Any

import numpy as np
import numpy.typing as npt
from gguf import quants

from .registry import Bytes, Floats, energy_ratio, half_bytes, inverse, join, pack, quantizes, signed_extreme

Integers = npt.NDArray[np.int64]

_LEVELS = np.array(quants.IQ4_NL.kvalues, dtype=np.float32)
_LEVEL_EDGES = (_LEVELS[1:] + _LEVELS[:-1]) / 2


@quantizes("IQ4_NL", elements=32)
def iq4_nl(weights: Floats) -> Bytes:
    """`d:f16 codes:u4[32]`, the extreme weight at level −127."""
    d = signed_extreme(weights) / _LEVELS[0]
    codes = np.searchsorted(_LEVEL_EDGES, weights * inverse(d))
    return join(half_bytes(d), pack(codes, 4, 16))


@quantizes("IQ4_XS", elements=256)
def iq4_xs(weights: Floats) -> Bytes:
    """`d:f16 scale high pairs:u16 scale low nibbles:u4[8] codes:u4[256]`, scales of 32 weights stored plus 32."""
    parts = weights.reshape(-1, 8, 32)
    wanted = signed_extreme(parts)[:, :, 0] / _LEVELS[0]
    d = signed_extreme(wanted) / np.float32(-32)
    scales = np.rint(wanted * inverse(d)).clip(-32, 31)
    codes = np.searchsorted(_LEVEL_EDGES, parts * inverse(d * scales)[:, :, None]).reshape(weights.shape)
    stored = scales.astype(np.int64) + 32
    return join(half_bytes(d), pack(stored >> 4, 2, 1), pack(stored & 15, 4, 1), pack(codes, 4, 16))


def grid_of(type_class: Any) -> Floats:
    """The codebook of a gguf quantization class, (entries, 4 or 8)."""
    type_class.init_grid()
    grid: Floats = type_class.grid[0, 0]
    return grid


def nearest(grid: Floats, points: Floats) -> Integers:
    """Index of the entry nearest to each point, (groups, width) → (groups,).

    Points are rounded to 1/8 first: all products are then exact in float32, and the choice is the same whatever order
    a BLAS library sums in.
    """
    offsets = np.einsum("ij,ij->i", grid, grid) / 2
    rounded = np.rint(points * 8) / 8
    chunks = [(rounded[i : i + 1024] @ grid.T - offsets).argmax(axis=1) for i in range(0, len(rounded), 1024)]
    return np.concatenate(chunks)


def sub_block_scales(
    weights: Floats, width: int, rms_in_steps: float, bits: int, zero_point: float
) -> tuple[Floats, Integers, Floats]:
    """Scale per super-block and scale codes per sub-block for steps of d · (code + zero_point).

    Returns d (blocks, 1), codes (blocks, sub-blocks) and steps (blocks, sub-blocks). `rms_in_steps` is where the
    codebook's spread fits a Gaussian.
    """
    parts = weights.reshape(len(weights), -1, width)
    wanted = np.sqrt(np.square(parts).mean(axis=2)) / np.float32(rms_in_steps)
    highest = (1 << bits) - 1
    d = wanted.max(axis=1, keepdims=True) / np.float32(highest + zero_point)
    codes = np.rint(wanted * inverse(d) - np.float32(zero_point)).clip(0, highest)
    return d, codes.astype(np.int64), d * (codes + np.float32(zero_point))


class SignedGroups:
    """Magnitudes from a codebook, signs apart: the IQ2 and IQ3 types."""

    def __init__(self, weights: Floats, type_class: Any, width: int, rms_in_steps: float, even_signs: bool) -> None:
        grid = grid_of(type_class)
        n, group = len(weights), grid.shape[1]
        self.d, self.scales, steps = sub_block_scales(weights, width, rms_in_steps, 4, 0.5)
        negative = np.signbit(weights).reshape(n, 32, 8)
        if even_signs:
            make_even(negative, np.abs(weights).reshape(n, 32, 8))
        scaled = (np.abs(weights).reshape(n, -1, width) * inverse(steps)[:, :, None]).reshape(-1, group)
        self.indices = nearest(grid, scaled).reshape(n, -1)  # (blocks, 256 / group)
        decoded = (grid[self.indices].reshape(n, -1, width) * steps[:, :, None]).reshape(weights.shape)
        self.d *= energy_ratio(weights, decoded)
        self.signs = pack(negative.reshape(n, 256), 1, 1)  # (blocks, 32): one byte per eight weights


def make_even(negative: npt.NDArray[np.bool_], magnitudes: Floats) -> None:
    """Flip the sign of the smallest weight where a group of eight has an odd number of minus signs (in place).

    These types store seven signs; the eighth makes the count even.
    """
    odd = negative.sum(axis=2) % 2 == 1
    smallest = magnitudes.argmin(axis=2, keepdims=True)
    flipped = ~np.take_along_axis(negative, smallest, axis=2)
    np.put_along_axis(negative, smallest, np.where(odd[:, :, None], flipped, ~flipped), axis=2)


def signs_and_scales(groups: SignedGroups) -> npt.NDArray[np.uint32]:
    """Per 32 weights: scale in bits 28–31, four sign indices of seven bits below; (blocks, 8)."""
    signs = (groups.signs & 0x7F).astype(np.uint32).reshape(-1, 8, 4)
    shifted = signs << np.array([0, 7, 14, 21], dtype=np.uint32)
    words: npt.NDArray[np.uint32] = np.bitwise_or.reduce(shifted, axis=2) | groups.scales.astype(np.uint32) << 28
    return words


@quantizes("IQ2_XXS", elements=256)
def iq2_xxs(weights: Floats) -> Bytes:
    """`d:f16 (indices:u8[4] signs and scale:u32)[8]`."""
    groups = SignedGroups(weights, quants.IQ2_XXS, 32, 19, even_signs=True)
    indices = groups.indices.astype(np.uint8).reshape(-1, 8, 4)
    words = signs_and_scales(groups).astype("<u4").view(np.uint8).reshape(-1, 8, 4)
    return join(half_bytes(groups.d * 4), np.concatenate([indices, words], axis=2).reshape(-1, 64))


@quantizes("IQ2_XS", elements=256)
def iq2_xs(weights: Floats) -> Bytes:
    """`d:f16 (signs:u7 index:u9)[32] scales:u4[16]`."""
    groups = SignedGroups(weights, quants.IQ2_XS, 16, 19, even_signs=True)
    words = groups.indices.astype(np.uint16) | (groups.signs & 0x7F).astype(np.uint16) << 9
    return join(half_bytes(groups.d * 4), words.astype("<u2"), pack(groups.scales, 4, 1))


@quantizes("IQ2_S", elements=256)
def iq2_s(weights: Floats) -> Bytes:
    """`d:f16 indices low:u8[32] signs:u8[32] indices high:u2[32] scales:u4[16]`."""
    groups = SignedGroups(weights, quants.IQ2_S, 16, 19, even_signs=False)
    low, high = groups.indices.astype(np.uint8), pack(groups.indices >> 8, 2, 1)
    return join(half_bytes(groups.d * 4), low, groups.signs, high, pack(groups.scales, 4, 1))


@quantizes("IQ3_XXS", elements=256)
def iq3_xxs(weights: Floats) -> Bytes:
    """`d:f16 indices:u8[64] signs and scales:u32[8]`."""
    groups = SignedGroups(weights, quants.IQ3_XXS, 32, 24, even_signs=True)
    return join(half_bytes(groups.d * 2), groups.indices.astype(np.uint8), signs_and_scales(groups).astype("<u4"))


@quantizes("IQ3_S", elements=256)
def iq3_s(weights: Floats) -> Bytes:
    """`d:f16 indices low:u8[64] indices high:u1[64] signs:u8[32] scales:u4[8]`, step d · (1 + 2 · scale)."""
    groups = SignedGroups(weights, quants.IQ3_S, 32, 5.8, even_signs=False)
    low, high = groups.indices.astype(np.uint8), pack(groups.indices >> 8, 1, 1)
    return join(half_bytes(groups.d * np.float32(0.5)), low, high, groups.signs, pack(groups.scales, 4, 1))


class ShiftedGroups:
    """Levels −1, 0, 1 from a codebook, all eight shifted by ±1/8 together: the IQ1 types."""

    def __init__(self, weights: Floats, width: int, shift_width: int) -> None:
        grid, n = grid_of(quants.IQ1_S), len(weights)
        self.d, self.scales, steps = sub_block_scales(weights, width, 0.9, 3, 0.5)
        scaled = (weights.reshape(n, -1, width) * inverse(steps)[:, :, None]).reshape(n, -1, shift_width)
        self.down = scaled.mean(axis=2) < 0  # (blocks, 256 / shift_width)
        shift = np.where(self.down, np.float32(-0.125), np.float32(0.125))[:, :, None]
        self.indices = nearest(grid, (scaled - shift).reshape(-1, 8)).reshape(n, 32)
        levels = grid[self.indices].reshape(scaled.shape) + shift
        decoded = (levels.reshape(n, -1, width) * steps[:, :, None]).reshape(weights.shape)
        self.d *= energy_ratio(weights, decoded)


@quantizes("IQ1_S", elements=256)
def iq1_s(weights: Floats) -> Bytes:
    """`d:f16 indices low:u8[32] (down:u1 scale:u3 indices high:u3[4])[8]`, step d · (1 + 2 · scale)."""
    groups = ShiftedGroups(weights, 32, 32)
    high = (groups.indices >> 8).reshape(-1, 8, 4) << np.array([0, 3, 6, 9])
    words = np.bitwise_or.reduce(high, axis=2) | groups.scales << 12 | groups.down.astype(np.int64) << 15
    return join(half_bytes(groups.d * np.float32(0.5)), groups.indices.astype(np.uint8), words.astype("<u2"))


@quantizes("IQ1_M", elements=256)
def iq1_m(weights: Floats) -> Bytes:
    """`indices low:u8[32] (down:u1 index high:u3)[32] (quarter of d:u4 scales:u3[4])[4]`."""
    groups = ShiftedGroups(weights, 16, 8)
    nibbles = groups.indices >> 8 | groups.down.astype(np.int64) << 3
    d = half_bytes(groups.d * np.float32(0.5)).view("<u2").astype(np.int64)
    quarters = d >> np.array([0, 4, 8, 12]) & 15
    scales = groups.scales.reshape(-1, 4, 4) << np.array([0, 3, 6, 9])
    words = np.bitwise_or.reduce(scales, axis=2) | quarters << 12
    return join(groups.indices.astype(np.uint8), pack(nibbles, 4, 1), words.astype("<u2"))
