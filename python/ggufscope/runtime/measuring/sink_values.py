"""The size of the value vector that the first token offers, against those of the other tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..shape import Array, ModelShape


class SinkValues:
    """Norms of value vectors by key head, filled while an engine reads.

    Args:
        n_prompts: number of prompts.
        shape: of the model.
    """

    def __init__(self, n_prompts: int, shape: ModelShape) -> None:
        self._n_heads = shape.n_kv_heads
        self._ratios = np.full((n_prompts, shape.n_layers, max(shape.n_kv_heads, default=0)), np.nan)

    def take(self, prompt: int, layer: int, values: Array) -> None:
        """Look at the values of a prompt in a layer, (tokens, key heads · value length)."""
        n_tokens, width = values.shape
        n_heads = self._n_heads[layer]
        if n_tokens < 2 or n_heads == 0 or width % n_heads:
            return
        norms = np.linalg.norm(values.reshape(n_tokens, n_heads, -1).astype(np.float64), axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = norms[0] / np.median(norms[1:], axis=0)
        self._ratios[prompt, layer, :n_heads] = np.where(np.isfinite(ratios), ratios, np.nan)

    @property
    def ratios(self) -> Floats:
        """‖v‖ of the first token over the median of the others, (prompts, layers, most key heads); NaN for none."""
        return self._ratios
