"""The largest values of the residual stream: a few channels of each prompt and layer, and the tokens they are at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..shape import Array, ModelShape

CHANNELS = 8  # that are kept of each prompt and layer


class StreamPeaks:
    """Peaks of the stream behind every layer, filled while an engine reads.

    Args:
        n_prompts: number of prompts.
        shape: of the model.

    Attributes:
        channels: int32 (prompts, layers, CHANNELS), those of the largest |x| over tokens, largest first; −1 where
            nothing was taken, or not all of it was finite.
        values: float64, likewise, x there; NaN for none.
        tokens: int32, likewise, its token.
        medians: float64 (prompts, layers), median |x| over tokens and channels; NaN for none.
    """

    def __init__(self, n_prompts: int, shape: ModelShape) -> None:
        places = (n_prompts, shape.n_layers, min(CHANNELS, shape.width))
        self.channels = np.full(places, -1, np.int32)
        self.values = np.full(places, np.nan)
        self.tokens = np.full(places, -1, np.int32)
        self.medians = np.full(places[:2], np.nan)

    def take(self, prompt: int, layer: int, stream: Array) -> None:
        """Look at the stream of a prompt behind a layer, (tokens, width)."""
        size = np.abs(stream)
        peaks = size.max(axis=0, initial=0)
        if not size.size or not np.isfinite(peaks).all():
            return
        channels = np.argsort(-peaks, kind="stable")[: self.channels.shape[2]]
        tokens = size[:, channels].argmax(axis=0)
        self.channels[prompt, layer] = channels
        self.tokens[prompt, layer] = tokens
        self.values[prompt, layer] = stream[tokens, channels]
        self.medians[prompt, layer] = np.median(size, overwrite_input=True)

    @property
    def ratios(self) -> Floats:
        """|x| of each peak over the median, (prompts, layers, CHANNELS); NaN where that is 0 or nothing was taken."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.abs(self.values) / self.medians[:, :, None]
        finite: Floats = np.where(np.isfinite(ratios), ratios, np.nan)
        return finite
