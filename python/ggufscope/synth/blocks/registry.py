"""The registry of quantizers, and the few operations all of them are made of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Quantizer = Callable[[Floats], Bytes]


@dataclass(frozen=True)
class _Entry:
    elements: int
    quantizer: Quantizer


_ENTRIES: dict[str, _Entry] = {}


def quantizes(*type_names: str, elements: int) -> Callable[[Quantizer], Quantizer]:
    """Register a function (blocks, elements) float32 → (blocks, bytes) uint8 under ggml's names of its types."""

    def register(quantizer: Quantizer) -> Quantizer:
        _ENTRIES.update(dict.fromkeys(type_names, _Entry(elements, quantizer)))
        return quantizer

    return register


def quantizable_types() -> list[str]:
    """Names of all types that `quantize` can write, as ggml spells them."""
    return sorted(_ENTRIES)


def elements_per_block(type_name: str) -> int:
    """Weights in one block of a type. KeyError for a type without a quantizer."""
    return _ENTRIES[type_name].elements


def quantize(weights: Floats, type_name: str) -> Bytes:
    """Quantize float32 weights, shape (n,) with n a multiple of the block, to a type's bytes, shape (bytes,).

    >>> quantize(np.linspace(-1, 1, 64, dtype=np.float32), "Q4_0").shape
    (36,)
    """
    kind = _ENTRIES[type_name]
    return kind.quantizer(weights.reshape(-1, kind.elements)).reshape(-1)


def pack(codes: npt.NDArray[np.integer] | npt.NDArray[np.bool_], bits: int, run: int) -> Bytes:
    """Pack codes of 1, 2 or 4 bits into bytes, (blocks, elements) → (blocks, elements · bits / 8).

    A byte holds codes that lie `run` elements apart, the first in its lowest bits:

        bits 4, run 16:  byte 0 = element 16 | element 0      bits 2, run 32:  byte 0 = el. 96 | 64 | 32 | 0
    """
    per_byte = 8 // bits
    groups = codes.astype(np.uint8).reshape(len(codes), -1, per_byte, run)
    packed = groups[:, :, 0].copy()
    for position in range(1, per_byte):
        packed |= groups[:, :, position] << np.uint8(bits * position)
    return packed.reshape(len(codes), -1)


def half_bytes(values: Floats) -> Bytes:
    """Values (blocks, k) as little-endian float16 fields, (blocks, 2k)."""
    return values.astype("<f2").view(np.uint8)


def join(*fields: npt.NDArray[np.generic]) -> Bytes:
    """Fields of a block, each (blocks, …), laid one after the other."""
    return np.concatenate([np.ascontiguousarray(field).view(np.uint8) for field in fields], axis=1)


def signed_extreme(values: Floats) -> Floats:
    """The value of greatest magnitude along the last axis, sign kept; that axis stays with length 1."""
    return np.take_along_axis(values, np.abs(values).argmax(axis=-1, keepdims=True), axis=-1)


def inverse(values: Floats) -> Floats:
    """1 / values, and 0 for a zero scale: a block of zeros gets zero codes."""
    return np.divide(np.float32(1), values, out=np.zeros_like(values), where=values != 0)


def energy_ratio(weights: Floats, decoded: Floats) -> Floats:
    """Factor on a block's scale that gives the decoded block (blocks, elements) the rms of its weights; (blocks, 1).

    Rounding to few levels loses energy (2 bits: some 6 % of the rms); a synthetic model promises its rms.
    """
    wanted = np.einsum("ij,ij->i", weights, weights)
    present = np.einsum("ij,ij->i", decoded, decoded)
    ratio: Floats = np.sqrt(wanted * inverse(present))[:, None]
    return ratio
