"""The largest values of the residual stream: a few channels of each prompt and layer, and the tokens they are at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import compiled
from .reductions import median_size

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import Array, ModelShape
    from .reductions import Bits, Bounds

CHANNELS = 8  # that are kept of each prompt and layer


@compiled
def _find_peaks(bits: Bits, peaks: Bits, channels: Bits, tokens: Bits) -> None:
    """Find the channels of the largest |x| over tokens, largest and then lowest first, and the token of each.

    Args:
        bits: int32 (tokens, width), C-contiguous, of finite numbers.
        peaks: int32 (width,), zeros, to work in.
        channels: int32 (channels,), to be written.
        tokens: likewise.
    """
    n_tokens, width = bits.shape
    size = np.int32(0x7FFFFFFF)  # the bits of |x|, which as integers are in the order of sizes
    for token in range(n_tokens):
        for channel in range(width):
            peaks[channel] = max(peaks[channel], bits[token, channel] & size)
    for place in range(len(channels)):
        best = 0
        for channel in range(width):
            if peaks[channel] > peaks[best]:
                best = channel
        token = 0
        while bits[token, best] & size != peaks[best]:
            token += 1
        channels[place] = best
        tokens[place] = token
        peaks[best] = -1


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

    def take(self, prompts: npt.NDArray[np.int64], layer: int, stream: Array, squares: Floats, bounds: Bounds) -> None:
        """Look at the stream of some prompts behind a layer.

        Args:
            prompts: their numbers.
            layer: its number.
            stream: float32 (tokens, width), C-contiguous, one prompt behind the other.
            squares: of each token, see `squares_by_token`.
            bounds: see `reductions.over_prompts`.
        """
        for prompt, start, end in zip(prompts.tolist(), bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            rows = stream[start:end]
            if not rows.size or not np.isfinite(squares[start:end]).all():
                continue
            channels, tokens = self.channels[prompt, layer], self.tokens[prompt, layer]
            _find_peaks(rows.view(np.int32), np.zeros(rows.shape[1], np.int32), channels, tokens)
            self.values[prompt, layer] = rows[tokens, channels]
            self.medians[prompt, layer] = median_size(rows.reshape(-1))

    @property
    def ratios(self) -> Floats:
        """|x| of each peak over the median, (prompts, layers, CHANNELS); NaN where that is 0 or nothing was taken."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.abs(self.values) / self.medians[:, :, None]
        finite: Floats = np.where(np.isfinite(ratios), ratios, np.nan)
        return finite
