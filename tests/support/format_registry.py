"""The registered formats and instruction sets, as every decode test takes them: nothing is listed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ggufscope import _core

if TYPE_CHECKING:
    import numpy.typing as npt

TYPES = _core.types()
GGML_TYPES = [qtype for qtype in TYPES if qtype["ggml"]]  # that GGUF files may have
_UNSIGNED = ("U8", "U16", "U32", "U64", "BOOL")
WEIGHT_TYPES = [qtype for qtype in TYPES if qtype["name"] not in _UNSIGNED]  # that weights are written in
ISAS = _core.available_isas()

each_type = pytest.mark.parametrize("qtype", TYPES, ids=lambda qtype: qtype["name"])
each_isa = pytest.mark.parametrize("isa", ISAS)


def decode(
    qtype: _core.TypeDescription,
    blocks: npt.NDArray[np.uint8],
    *,
    isa: str = "",
    threads: int = 1,
    swapped: bool = False,
) -> npt.NDArray[np.float32]:
    """Decode `blocks`, uint8 (n, bytes per block), with the core: float32 (n, weights per block)."""
    n_blocks = blocks.size // qtype["bytes_per_block"]
    out = np.full((n_blocks, qtype["elements_per_block"]), np.float32(12345))
    _core.decode(blocks, qtype["id"], out, threads=threads, isa=isa, swapped=swapped)
    return out


def random_blocks(qtype: _core.TypeDescription, n_blocks: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng([seed, qtype["id"]])
    return rng.integers(0, 256, (n_blocks, qtype["bytes_per_block"]), dtype=np.uint8)


def hostile_blocks(qtype: _core.TypeDescription) -> npt.NDArray[np.uint8]:
    """Make blocks whose scale is anything a scale can be, wherever a block keeps it and however wide it is.

    Random bytes with one special number written at one position, for every number and every position; and blocks of
    one repeated byte.
    """
    specials = [bytes([byte]) for byte in (0, 1, 2, 0x7E, 0x7F, 0x80, 0xFE, 0xFF)]
    half = (0, 0x8000, 1, 0x8001, 0x03FF, 0x0400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0x7D55)
    specials += [bits.to_bytes(2, "little") for bits in half]
    single = (0, 0x80000000, 1, 0x807FFFFF, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001)
    specials += [bits.to_bytes(4, "little") for bits in single]
    size = qtype["bytes_per_block"]
    repeated = np.repeat(np.arange(256, dtype=np.uint8)[:, None], size, axis=1)
    places = [(special, at) for special in specials for at in range(size - len(special) + 1)]
    blocks = random_blocks(qtype, len(places), seed=1)
    for block, (special, at) in zip(blocks, places, strict=True):
        block[at : at + len(special)] = np.frombuffer(special, dtype=np.uint8)
    return np.concatenate([repeated, blocks])
