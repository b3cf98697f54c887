"""What every registered format must decode to: the oracle of all tests that read blocks.

`dequantize` comes from the `gguf` package where that decodes a type (it equals ggml to the bit), from NumPy and
`ml_dtypes` where they do, and is written out here elsewhere. `scales` and `codes` are written here in NumPy, from
ggml's layouts and not from the C++ core: whole arrays of blocks, no loop over weights. In every function `blocks` is
uint8, (n, bytes per block), and a type is named as ggml spells it. A type that is not known here is a `LookupError`
that says what to add.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize as gguf_dequantize
from ml_dtypes import float8_e4m3fn, float8_e5m2

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Blocks = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]
    Codes = npt.NDArray[np.int16]

PLAIN = {
    "F32": "<f4", "F16": "<f2", "F64": "<f8", "I8": "<i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "<u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "F8_E4M3": float8_e4m3fn, "F8_E5M2": float8_e5m2,
}  # fmt: skip


# ---- reading fields out of blocks


def field(blocks: Blocks, offset: int, dtype: str, count: int = 1) -> npt.NDArray:
    """`count` numbers at a byte offset of every block: (n, count)."""
    size = np.dtype(dtype).itemsize * count
    return np.ascontiguousarray(blocks[:, offset : offset + size]).view(dtype)


def half(blocks: Blocks, offset: int) -> Floats:
    """Widen a half-precision number of every block: (n, 1)."""
    return field(blocks, offset, "<f2").astype(np.float32)


def digits(packed: npt.NDArray, width: int) -> npt.NDArray:
    """Split every byte into codes of `width` bits, low first: (n, bytes, 8 // width)."""
    return packed[:, :, None] >> np.arange(0, 8, width, dtype=np.uint8) & (2**width - 1)


def planes(packed: npt.NDArray, width: int, group: int) -> Codes:
    """Codes of `width` bits that lie plane by plane within groups of bytes.

    The first `group` weights are the lowest bits of `group` bytes, the next `group` weights the bits above, and so on.
    """
    n = packed.shape[0]
    return digits(packed, width).reshape(n, -1, group, 8 // width).swapaxes(2, 3).reshape(n, -1).astype(np.int16)


def in_order(packed: npt.NDArray, width: int) -> Codes:
    """Codes of `width` bits that follow one another, low bits first."""
    return digits(packed, width).reshape(packed.shape[0], -1).astype(np.int16)


# ---- codes, as stored: unsigned, or signed for Q8_0, Q8_1, Q8_K; (n, weights per block) in order of the weights


def codes_q5(blocks: Blocks, at: int) -> Codes:
    return planes(blocks[:, at + 4 :], 4, 16) | in_order(blocks[:, at : at + 4], 1) << 4


def codes_q3_k(blocks: Blocks) -> Codes:
    return planes(blocks[:, 32:96], 2, 32) | planes(blocks[:, :32], 1, 32) << 2


def codes_q5_k(blocks: Blocks) -> Codes:
    return planes(blocks[:, 48:176], 4, 32) | planes(blocks[:, 16:48], 1, 32) << 4


def codes_q6_k(blocks: Blocks) -> Codes:
    return planes(blocks[:, :128], 4, 64) | planes(blocks[:, 128:192], 2, 32) << 4


def codes_tq1_0(blocks: Blocks) -> Codes:
    def trits(packed: Blocks, count: int) -> npt.NDArray:
        powers = 3 ** np.arange(count, dtype=np.uint16)[None, :, None]
        return ((packed[:, None, :] * powers & 255) * 3 >> 8).reshape(packed.shape[0], -1)

    parts = trits(blocks[:, :32], 5), trits(blocks[:, 32:48], 5), trits(blocks[:, 48:52], 4)
    return np.concatenate(parts, axis=1).astype(np.int16)


CODES: dict[str, Callable[[Blocks], Codes]] = {
    "Q4_0": lambda blocks: planes(blocks[:, 2:], 4, 16),
    "Q4_1": lambda blocks: planes(blocks[:, 4:], 4, 16),
    "Q5_0": lambda blocks: codes_q5(blocks, 2),
    "Q5_1": lambda blocks: codes_q5(blocks, 4),
    "Q8_0": lambda blocks: field(blocks, 2, "i1", 32).astype(np.int16),
    "Q8_1": lambda blocks: field(blocks, 4, "i1", 32).astype(np.int16),
    "Q2_K": lambda blocks: planes(blocks[:, 16:80], 2, 32),
    "Q3_K": codes_q3_k,
    "Q4_K": lambda blocks: planes(blocks[:, 16:], 4, 32),
    "Q5_K": codes_q5_k,
    "Q6_K": codes_q6_k,
    "Q8_K": lambda blocks: field(blocks, 4, "i1", 256).astype(np.int16),
    "TQ1_0": codes_tq1_0,
    "TQ2_0": lambda blocks: planes(blocks[:, :64], 2, 32),
    "Q1_0": lambda blocks: in_order(blocks[:, 2:], 1),
    "Q2_0": lambda blocks: in_order(blocks[:, 2:], 2),
}


# ---- scales: the multiplier of the code, per sub-block, rounded as the decoder rounds; (n, scales per block)


def nibbles(packed: npt.NDArray) -> Floats:
    return in_order(packed, 4).astype(np.float32)


def scales_q3_k(blocks: Blocks) -> Floats:
    low = planes(blocks[:, 96:104], 4, 8)
    high = planes(blocks[:, 104:108], 2, 4)
    return half(blocks, 108) * ((low | high << 4) - 32).astype(np.float32)


def scales_q4_k(blocks: Blocks) -> Floats:
    first, last = blocks[:, 4:8], blocks[:, 12:16]  # between them: the minima
    later = last & 15 | first >> 6 << 4
    return half(blocks, 0) * np.concatenate([first & 63, later], axis=1).astype(np.float32)


def scales_iq1_s(blocks: Blocks) -> Floats:
    high = field(blocks, 34, "<u2", 8)
    return half(blocks, 0) * (2 * (high >> 12 & 7) + 1).astype(np.float32)


def scales_iq1_m(blocks: Blocks) -> Floats:
    words = field(blocks, 48, "<u2", 4)
    nibble = words >> 12  # the four top nibbles are the half-precision scale
    d = (nibble << np.arange(0, 16, 4, dtype=np.uint16)).sum(axis=1, dtype=np.uint16).view("<f2").astype(np.float32)
    parts = words[:, :, None] >> np.arange(0, 12, 3, dtype=np.uint16) & 7
    return d[:, None] * (2 * parts.reshape(-1, 16) + 1).astype(np.float32)


def scales_iq2_xxs(blocks: Blocks) -> Floats:
    words = field(blocks, 2, "<u4", 16)[:, 1::2]
    return half(blocks, 0) * (np.float32(0.5) + (words >> 28).astype(np.float32)) * np.float32(0.25)


def scales_iq2(blocks: Blocks, at: int) -> Floats:
    return half(blocks, 0) * (np.float32(0.5) + nibbles(blocks[:, at : at + 8])) * np.float32(0.25)


def scales_iq3_xxs(blocks: Blocks) -> Floats:
    words = field(blocks, 66, "<u4", 8)
    return half(blocks, 0) * (np.float32(0.5) + (words >> 28).astype(np.float32)) * np.float32(0.5)


def scales_iq4_xs(blocks: Blocks) -> Floats:
    high = in_order(blocks[:, 2:4], 2)
    return half(blocks, 0) * ((in_order(blocks[:, 4:8], 4) | high << 4) - 32).astype(np.float32)


def scales_mxfp4(blocks: Blocks) -> Floats:
    """Powers of two by the standard; 255, its NaN, reads as infinity."""
    return np.ldexp(np.float64(1), blocks[:, :1].astype(np.int32) - 127).astype(np.float32)


def scales_nvfp4(blocks: Blocks) -> Floats:
    """E4M3 without its sign; 0x7F, its NaN, reads as zero."""
    stored = blocks[:, :4]
    exponent, mantissa = (stored >> 3 & 15).astype(np.int32), (stored & 7).astype(np.float64)
    value = np.where(exponent == 0, np.ldexp(mantissa, -9), np.ldexp(1 + mantissa / 8, exponent - 7))
    return np.where(stored == 0x7F, 0, value).astype(np.float32)


SCALES: dict[str, Callable[[Blocks], Floats]] = {
    **dict.fromkeys(
        ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q1_0", "Q2_0", "IQ4_NL"), lambda blocks: half(blocks, 0)
    ),
    "Q2_K": lambda blocks: half(blocks, 80) * (blocks[:, :16] & 15).astype(np.float32),
    "Q3_K": scales_q3_k,
    "Q4_K": scales_q4_k,
    "Q5_K": scales_q4_k,
    "Q6_K": lambda blocks: half(blocks, 208) * field(blocks, 192, "i1", 16).astype(np.float32),
    "Q8_K": lambda blocks: field(blocks, 0, "<f4"),
    "TQ1_0": lambda blocks: half(blocks, 52),
    "TQ2_0": lambda blocks: half(blocks, 64),
    "IQ1_S": scales_iq1_s,
    "IQ1_M": scales_iq1_m,
    "IQ2_XXS": scales_iq2_xxs,
    "IQ2_XS": lambda blocks: scales_iq2(blocks, 66),
    "IQ2_S": lambda blocks: scales_iq2(blocks, 74),
    "IQ3_XXS": scales_iq3_xxs,
    "IQ3_S": lambda blocks: half(blocks, 0) * (1 + 2 * nibbles(blocks[:, 106:110])),
    "IQ4_XS": scales_iq4_xs,
    "MXFP4": scales_mxfp4,
    "NVFP4": scales_nvfp4,
}


# ---- weights: by the gguf package, and written out where that has no decoder


def by_gguf(blocks: Blocks, qtype: GGMLQuantizationType) -> Floats:
    try:
        return gguf_dequantize(blocks, qtype)
    except NotImplementedError:
        raise lacking(qtype.name, "DEQUANTIZE") from None


DEQUANTIZE: dict[str, Callable[[Blocks], Floats]] = {
    **{qtype.name: partial(by_gguf, qtype=qtype) for qtype in GGMLQuantizationType},
    **{name: lambda blocks, dtype=dtype: blocks.view(dtype).astype(np.float32) for name, dtype in PLAIN.items()},
    "BOOL": lambda blocks: (blocks != 0).astype(np.float32),
    "Q8_1": lambda blocks: codes(blocks, "Q8_1") * scales(blocks, "Q8_1"),
    "Q8_K": lambda blocks: codes(blocks, "Q8_K") * scales(blocks, "Q8_K"),
    "Q1_0": lambda blocks: np.where(codes(blocks, "Q1_0") == 1, half(blocks, 0), -half(blocks, 0)),
    "Q2_0": lambda blocks: (codes(blocks, "Q2_0") - 1) * half(blocks, 0),
}


def assert_same_bits(actual: Floats, expected: Floats) -> None:
    """Compare bit by bit, so that the zeros differ; any NaN equals any other."""
    actual, expected = actual.reshape(-1), expected.reshape(-1)
    assert actual.dtype == expected.dtype == np.float32
    assert actual.shape == expected.shape
    same = (actual.view(np.uint32) == expected.view(np.uint32)) | (np.isnan(actual) & np.isnan(expected))
    if not same.all():
        at = int(np.argmin(same))
        raise AssertionError(
            f"{np.count_nonzero(~same)} of {same.size} weights differ, first weight {at}: "
            f"{actual[at]!r} instead of {expected[at]!r}"
        )


def lacking(type_name: str, table_name: str) -> LookupError:
    return LookupError(f"{type_name} has no oracle: add it to {table_name} in tests/support/reference_formats.py")


def look_up(table: dict[str, Callable], type_name: str, table_name: str) -> Callable:
    if type_name not in table:
        raise lacking(type_name, table_name)
    return table[type_name]


def dequantize(blocks: Blocks, type_name: str) -> Floats:
    """Decode blocks to their weights: float32, (n, weights per block)."""
    return apply(look_up(DEQUANTIZE, type_name, "DEQUANTIZE"), blocks)


def finite_rows(qtype: dict, rows: int, columns: int, seed: int = 0) -> Blocks:
    """Random rows, (rows, bytes), of finite weights whose squares do not overflow; `qtype` is of `_core.types()`."""
    chance = np.random.default_rng([seed, qtype["id"]])
    pool = chance.integers(0, 256, (4096, qtype["bytes_per_block"]), np.uint8)
    with np.errstate(all="ignore"):
        weights = dequantize(pool, qtype["name"])
        usable = np.isfinite(weights).all(axis=1) & (np.abs(weights).max(axis=1) < 1e30)
    picked = chance.choice(np.flatnonzero(usable), rows * columns // qtype["elements_per_block"])
    return np.ascontiguousarray(pool[picked].reshape(rows, -1))


def scales(blocks: Blocks, type_name: str) -> Floats:
    """Decode the scales of blocks: float32, (n, scales per block)."""
    return apply(look_up(SCALES, type_name, "SCALES"), blocks)


def codes(blocks: Blocks, type_name: str) -> Codes:
    """Extract the integer codes of blocks as stored, before any offset: int16, (n, weights per block)."""
    return apply(look_up(CODES, type_name, "CODES"), blocks)


def apply(function: Callable[[Blocks], npt.NDArray], blocks: Blocks) -> npt.NDArray:
    with np.errstate(all="ignore"):
        if blocks.shape[0] == 0:  # NumPy cannot infer a dimension of nothing
            return function(np.zeros((1, blocks.shape[1]), dtype=np.uint8))[:0]
        return function(blocks)
