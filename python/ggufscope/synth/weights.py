"""The bytes of one tensor: a pool of Gaussian weights, quantized once, repeated at random rotations.

A pool has up to 2¹⁷ weights, Gaussian within runs of 64 whose scales spread log-normally by 20 %, and exactly the
prescribed rms; it is repeated in rotations of whole groups of 256, the largest block. Pools and rotations depend on
the seed and the tensor's name alone, not on its type: files of the same seed in different types hold the same model,
as if one had been quantized from the other. Beyond the pool and the planted size a tensor holds no information.
"""

import functools
import zlib
from collections.abc import Iterator

import numpy as np

from . import trends
from .blocks import Bytes, Floats, elements_per_block, quantize
from .hard import hard_blocks
from .shapes import PlannedTensor, Shape

GROUP = 256
POOL_GROUPS = 512
RUN = 64
RUN_SPREAD = 0.2


def tensor_bytes(
    shape: Shape, tensor: PlannedTensor, type_name: str, seed: int, *, hard: bool = False
) -> Iterator[Bytes]:
    """The tensor's bytes in order, in pieces of at most one pool (views: copy to keep them)."""
    chance = np.random.default_rng([seed, zlib.crc32(tensor.name.encode())])
    if len(tensor.dimensions) == 1:
        yield quantize(vector(shape, tensor, chance), type_name)
        return
    groups = min(POOL_GROUPS, -(-tensor.n_elements // GROUP))
    rms = jittered(trends.weight_rms(tensor.role, depth(shape, tensor)), chance)
    if hard:
        blocks = hard_blocks(type_name, groups * GROUP, rms, chance)
    else:
        blocks = quantize(pool(groups, chance) * np.float32(rms), type_name)
    group_bytes = blocks.size // groups
    twice = np.concatenate([blocks, blocks])
    left = n_bytes(tensor, type_name)
    while left:
        start = int(chance.integers(groups)) * group_bytes
        piece = twice[start : start + min(left, blocks.size)]
        left -= piece.size
        yield piece


@functools.cache
def bytes_per_block(type_name: str) -> int:
    return quantize(np.zeros(elements_per_block(type_name), np.float32), type_name).size


def n_bytes(tensor: PlannedTensor, type_name: str) -> int:
    """Bytes of a tensor stored in a type whose block divides its rows."""
    return tensor.n_elements // elements_per_block(type_name) * bytes_per_block(type_name)


def depth(shape: Shape, tensor: PlannedTensor) -> float:
    """Where a tensor lies: 0 in the first layer, 1 in the last, 0 outside the layers."""
    return 0.0 if tensor.layer is None or shape.layers == 1 else tensor.layer / (shape.layers - 1)


def pool(groups: int, chance: np.random.Generator) -> Floats:
    """Unit weights, (groups · GROUP,): a scale mixture of Gaussians, excess kurtosis about 0.5, rms exactly 1."""
    runs = groups * GROUP // RUN
    scales = np.exp(RUN_SPREAD * chance.standard_normal(runs)).astype(np.float32)
    weights = chance.standard_normal((runs, RUN), dtype=np.float32) * scales[:, None]
    flat = weights.reshape(-1)
    return flat / np.float32(np.sqrt(np.square(flat, dtype=np.float64).mean()))


def jittered(value: float, chance: np.random.Generator) -> float:
    return value * (1 + trends.JITTER * chance.standard_normal())


def vector(shape: Shape, tensor: PlannedTensor, chance: np.random.Generator) -> Floats:
    """Norm gains, biases and rotary factors, (n,)."""
    if tensor.role == "rope_freqs":
        return trends.rope_factors(shape.head_width, shape.rope_base)
    noise = chance.standard_normal(tensor.n_elements, dtype=np.float32)
    if tensor.role in trends.NORM_GAIN:
        mean = jittered(trends.norm_gain(tensor.role, depth(shape, tensor)), chance)
        return (mean * (1 + trends.GAIN_SPREAD * noise)).astype(np.float32)
    return noise * np.float32(jittered(trends.weight_rms(tensor.role, depth(shape, tensor)), chance))
