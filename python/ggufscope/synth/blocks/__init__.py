"""Weights in, blocks of a ggml type out: one plain NumPy quantizer per type.

The aim is blocks that look like a real model's (scales, zero shares, code histograms) and keep the rms of the weights,
not the least error; ggml's own quantizers search for that. A new type is one function under `@quantizes` in the module
of its family; nothing else lists the types.
"""

from . import checkpoint, codebooks, k_quants, legacy, microscaling, plain, ternary
from .registry import Bytes, Floats, elements_per_block, quantizable_types, quantize

__all__ = ["Bytes", "Floats", "elements_per_block", "quantizable_types", "quantize"]
_FAMILIES = (checkpoint, codebooks, k_quants, legacy, microscaling, plain, ternary)  # imported to register their types
