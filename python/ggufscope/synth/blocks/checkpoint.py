"""Eight-bit floats, as safetensors files have them: E4M3 without infinities, and E5M2."""

import numpy as np

from .microscaling import E4M3_MAGNITUDES
from .registry import Bytes, Floats, quantizes

_E5M2_MAGNITUDES = (np.arange(0x7C, dtype=np.uint16) << 8).view(np.float16).astype(np.float32)


def _nearest(weights: Floats, magnitudes: Floats) -> Bytes:
    """The code of the nearest finite number."""
    codes = np.searchsorted((magnitudes[1:] + magnitudes[:-1]) / 2, np.abs(weights))
    return (codes | np.signbit(weights) << 7).astype(np.uint8)


@quantizes("F8_E4M3", elements=1)
def f8_e4m3(weights: Floats) -> Bytes:
    return _nearest(weights, E4M3_MAGNITUDES)


@quantizes("F8_E5M2", elements=1)
def f8_e5m2(weights: Floats) -> Bytes:
    return _nearest(weights, _E5M2_MAGNITUDES)
