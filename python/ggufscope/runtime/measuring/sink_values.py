"""The size of the value vector that the first token offers, against those of the other tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import compiled
from .reductions import over_prompts

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import Array, ModelShape
    from .reductions import Bounds


@compiled
def _sum_squares_of_heads(values: Array, sums: Floats) -> None:
    """Σ v² of every head, float64 (heads, tokens), of float32 (tokens, heads · value length), C-contiguous."""
    n_heads, n_tokens = sums.shape
    length = values.shape[1] // n_heads
    for token in range(n_tokens):
        for head in range(n_heads):
            total = 0.0
            for i in range(head * length, (head + 1) * length):
                value = np.float64(values[token, i])
                total += value * value
            sums[head, token] = total


def _first_over_others(values: Array, n_heads: int, bounds: Bounds) -> Floats:
    """‖v‖ of the first token over the median of the others, float64 (prompts, heads); NaN where that is undefined."""
    norms = np.empty((n_heads, len(values)))
    _sum_squares_of_heads(values, norms)
    np.sqrt(norms, out=norms)
    medians, first = over_prompts(np.concatenate([norms.sum(axis=0)[None], norms]), [False] * n_heads, bounds, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Floats = (first / medians).T
    return np.where(np.isfinite(ratios), ratios, np.nan)


class SinkValues:
    """Norms of value vectors by key head, filled while an engine reads.

    Args:
        n_prompts: number of prompts.
        shape: of the model.
    """

    def __init__(self, n_prompts: int, shape: ModelShape) -> None:
        self._n_heads = shape.n_kv_heads
        self._ratios = np.full((n_prompts, shape.n_layers, max(shape.n_kv_heads, default=0)), np.nan)

    def take(self, prompts: npt.NDArray[np.int64], layer: int, values: Array, bounds: Bounds) -> None:
        """Look at the values of some prompts in a layer.

        Args:
            prompts: their numbers.
            layer: its number.
            values: float32 (tokens, key heads · value length), C-contiguous, one prompt behind the other.
            bounds: see `reductions.over_prompts`.
        """
        n_heads = self._n_heads[layer]
        if n_heads > 0 and values.shape[1] % n_heads == 0:
            self._ratios[prompts, layer, :n_heads] = _first_over_others(values, n_heads, bounds)

    @property
    def ratios(self) -> Floats:
        """‖v‖ of the first token over the median of the others, (prompts, layers, most key heads); NaN for none."""
        return self._ratios
