"""Trends planted in a synthetic model: the size of each tensor's weights over depth. Documented in docs/synth.md.

`depth` runs from 0 (first layer) to 1 (last). Everything that is not named here is flat, but for a jitter of 1 %.
"""

import numpy as np

from .blocks import Floats

JITTER = 0.01
GAIN_SPREAD = 0.1  # standard deviation of norm gains over channels, relative to their mean
VALUE_GROWTH = 1.3  # attn_v: rms of the last layer is 1 + 1.3 times that of the first

WEIGHT_RMS = {
    "output": 0.0145,
    "token_embd": 0.0115,
    "attn_q": 0.0165,
    "attn_k": 0.0255,
    "attn_v": 0.0100,
    "attn_output": 0.0120,
    "ffn_gate": 0.0178,
    "ffn_up": 0.0142,
    "ffn_down": 0.0140,
    "ffn_gate_inp": 0.0150,
    "attn_q.bias": 0.5,
    "attn_k.bias": 2.0,
    "attn_v.bias": 0.05,
}
# mean gain in the first and in the last layer, on the scale of Llama 3.1 8B
NORM_GAIN = {"attn_norm": (0.44, 0.44), "ffn_norm": (0.20, 0.48), "output_norm": (2.0, 2.0)}


def weight_rms(role: str, depth: float) -> float:
    """Prescribed rms of a tensor's weights, before jitter."""
    growth = VALUE_GROWTH if role == "attn_v" else 0.0
    return WEIGHT_RMS[role] * (1 + growth * depth)


def norm_gain(role: str, depth: float) -> float:
    """Prescribed mean of a norm's gains, before jitter."""
    first, last = NORM_GAIN[role]
    return first + (last - first) * depth


def rope_factors(head_width: int, base: float) -> Floats:
    """Llama 3.1's factors on the rotary wavelengths, (head_width / 2,): 1 for short ones, 8 for long, smooth between.

    Scaling factor 8, low and high frequency factors 1 and 4, original context 8192 (Hugging Face
    `modeling_rope_utils.py`, `_compute_llama3_parameters`).
    """
    wavelengths = 2 * np.pi * base ** (np.arange(0, head_width, 2, dtype=np.float64) / head_width)
    smooth = ((8192 / wavelengths - 1) / (4 - 1)).clip(0, 1)
    factors: Floats = (1 / ((1 - smooth) / 8 + smooth)).astype(np.float32)
    return factors
