"""Blocks of one type in memory: a pool of weights, quantized once and repeated, as in synthetic models."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays.arguments import describe_type
from ..synth.blocks import quantizable_types, quantize
from ..synth.weights import GROUP, POOL_GROUPS, pool

COLUMNS = 4096
POOL_ROWS = POOL_GROUPS * GROUP // COLUMNS
RMS = 0.02  # of the weights, as in a large model


@dataclass(frozen=True)
class Sample:
    """A matrix of one type, COLUMNS weights per row.

    Attributes:
        type: ggml's name.
        id: ggml's number.
        rows: of the matrix.
        blocks: its bytes, uint8, shape (n,).
    """

    type: str
    id: int
    rows: int
    blocks: npt.NDArray[np.uint8]

    @property
    def n_elements(self) -> int:
        return self.rows * COLUMNS

    def first(self, rows: int) -> Sample:
        """The sample of its first rows, at least one."""
        rows = min(max(rows, 1), self.rows)
        return dataclasses.replace(self, rows=rows, blocks=self.blocks[: len(self.blocks) // self.rows * rows])


def make_sample(type_name: str, *, n_bytes: int | None = None, n_elements: int | None = None) -> Sample:
    """Make blocks of a type, whole rows, one at least.

    Args:
        type_name: a type that holds weights.
        n_bytes: about so many bytes; or
        n_elements: about so many weights.

    Raises:
        ValueError: There is no such type, the message lists them; or it has no negative numbers.
    """
    description = describe_type(type_name)
    if description["name"] not in quantizable_types():
        raise ValueError(f"{description['name']} holds no weights: it has no negative numbers")
    row_bytes = COLUMNS // description["elements_per_block"] * description["bytes_per_block"]
    rows = max(1, n_bytes // row_bytes if n_bytes is not None else (n_elements or 0) // COLUMNS)
    weights = pool(POOL_GROUPS, np.random.default_rng(0)) * np.float32(RMS)
    blocks = np.tile(quantize(weights, description["name"]), -(-rows // POOL_ROWS))[: rows * row_bytes]
    return Sample(description["name"], description["id"], rows, blocks)
