"""Rows that stand in place of a tensor's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Rows:
    """An array as a `RowSource`."""

    def __init__(self, weights: Floats) -> None:
        self._weights = np.asarray(weights, np.float32).reshape(-1, weights.shape[-1])

    def decode_into(self, rows: Floats, first: int) -> None:
        rows[...] = self._weights[first : first + len(rows)]


def damaged(weights: Floats, seed: int = 0, share: float = 0.05) -> Floats:
    """Weights with normal noise, as large as a share of their deviation."""
    noise = np.random.default_rng(seed).normal(0, share * weights.std(), weights.shape)
    return (weights + noise).astype(np.float32)
