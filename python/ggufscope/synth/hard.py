"""Hard blocks: random codes and heavy-tailed scales, for measuring speed on data that nothing has smoothed.

Quantizers leave few scales of zero and keep neighbours alike; random bits do neither: one in 64 of six-bit scales and
minima is 0, lines cross zero anywhere, and the largest weight of a run is seldom in its first blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._core import decode, types
from .blocks import Bytes, Floats, quantize

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._core import TypeDescription

SCALE_SPREAD = 1.0  # of the logarithms of block scales
SECOND_SPREAD = 0.25  # of the second half-precision field, relative to the first
HEAVY_TAIL = 3.0  # degrees of freedom of Student's t, for types whose blocks are not made up of bits

# The second half-precision field of a block, as a multiple of the first: half of the codes lie on either side of zero.
SECOND_FIELD = {"Q2_K": 1.5, "Q4_K": 7.5, "Q5_K": 15.5, "Q4_1": -7.5, "Q5_1": -15.5}


def hard_blocks(type_name: str, n_elements: int, rms: float, chance: np.random.Generator) -> Bytes:
    """Blocks of so many weights, uint8 of shape (bytes,); as decoded they have the given rms, but for rounding.

    Types whose scales are not of half precision are quantized from weights of Student's t with three degrees of
    freedom.
    """
    description = next(kind for kind in types() if kind["name"] == type_name)
    if not description["halves"]:
        weights = chance.standard_t(HEAVY_TAIL, n_elements).astype(np.float32)
        return quantize(weights * np.float32(rms / root_mean_square(weights)), type_name)
    n_blocks = n_elements // description["elements_per_block"]
    blocks = chance.integers(0, 256, (n_blocks, description["bytes_per_block"]), dtype=np.uint8)
    if type_name == "Q8_0":
        blocks[blocks == 128] = 127  # −128 is a code that no quantizer writes
    set_scales = scales_setter(description, blocks, chance)
    set_scales(2.0**-8)
    weights = np.empty(n_elements, np.float32)
    decode(blocks.reshape(-1), description["id"], weights)
    set_scales(2.0**-8 * rms / root_mean_square(weights))
    return blocks.reshape(-1)


def scales_setter(description: TypeDescription, blocks: Bytes, chance: np.random.Generator) -> Callable[[float], None]:
    """A function that sets the scales of all blocks to log-normal ones of a given median."""
    scales = np.exp(SCALE_SPREAD * chance.standard_normal(len(blocks)))
    second = np.exp(SECOND_SPREAD * chance.standard_normal(len(blocks))) * SECOND_FIELD.get(description["name"], 1.0)
    fields = dict(zip(description["halves"], [scales, scales * second], strict=False))

    def set_scales(median: float) -> None:
        for offset, values in fields.items():
            blocks[:, offset : offset + 2] = (median * values).astype("<f2")[:, None].view(np.uint8)

    return set_scales


def root_mean_square(weights: Floats) -> float:
    return float(np.sqrt(np.square(weights, dtype=np.float64).mean()))
