"""4-bit floats (E2M1) under a scale that is itself a small float: MXFP4 (E8M0, per 32) and NVFP4 (E4M3, per 16)."""

import gguf
import numpy as np

from .registry import Bytes, Floats, inverse, join, pack, quantizes

E2M1_MAGNITUDES = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], dtype=np.float32)
_E2M1_EDGES = (E2M1_MAGNITUDES[1:] + E2M1_MAGNITUDES[:-1]) / 2


def _e4m3_magnitudes() -> Floats:
    """Values of the codes 0 … 126 without sign: subnormals m · 2⁻⁹, then (1 + m/8) · 2^(e − 7)."""
    code = np.arange(127)
    exponent, mantissa = code >> 3, code & 7
    normal = (1 + mantissa / 8) * 2.0 ** (exponent - 7)
    return np.where(exponent == 0, mantissa * 2.0**-9, normal).astype(np.float32)


E4M3_MAGNITUDES = _e4m3_magnitudes()


@quantizes("MXFP4", elements=32)
def mxfp4(weights: Floats) -> Bytes:
    return gguf.quantize(weights, gguf.GGMLQuantizationType.MXFP4)


@quantizes("NVFP4", elements=64)
def nvfp4(weights: Floats) -> Bytes:
    """`scale:e4m3[4] codes:e2m1[64]`; scales rounded up, so that no weight is clipped."""
    parts = weights.reshape(-1, 4, 16)
    wanted = np.abs(parts).max(axis=2) / E2M1_MAGNITUDES[-1]
    scale_codes = np.searchsorted(E4M3_MAGNITUDES, wanted).clip(0, 126).astype(np.uint8)
    scaled = parts * inverse(E4M3_MAGNITUDES[scale_codes])[:, :, None]
    magnitudes = np.searchsorted(_E2M1_EDGES, np.abs(scaled))
    codes = magnitudes | (np.signbit(scaled) << 3)
    return join(scale_codes, pack(codes.reshape(-1, 64), 4, 8))
