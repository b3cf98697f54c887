"""Where the residual stream is read, and how much of an error is seen there.

    m = 0 … 2L: the inputs of every attn_norm and ffn_norm, and of output_norm
    R_m = Σ_c g_m² E / Σ_c g_m² V_m        E[c] = mean over tokens of the squared error in channel c
    cost = 1.35 √(R_p · mean over m ≥ p of R_m)          p: the first point behind the error

V_m[c] is the variance over tokens of channel c, g_m the norm's gain. Token 0 is left out: it can only attend to itself,
and is where massive activations stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...architecture.parts import Norm
    from ...arrays.floats import Floats
    from ...runtime.shape import Array

_FACTOR = 1.35  # makes costs of single Q4_0 matrices of two models as large as their divergences on the whole


class ReadingPoints:
    """The points that were passed so far, in the order in which they are read."""

    def __init__(self) -> None:
        self._shares: list[Floats] = []  # g² / Σ g² V, by channel

    def __len__(self) -> int:
        return len(self._shares)

    def add(self, x: Array, norm: Norm | None, scale: float) -> None:
        """A norm reads a stream.

        Args:
            x: float32 (tokens, width).
            norm: that reads it; None: it is read as it is.
            scale: by which layers multiplied the stream so far.
        """
        variances = np.var(x[1:], axis=0, dtype=np.float64)
        gains = np.ones(x.shape[1]) if norm is None else np.square(norm.gain)
        self._shares.append(gains * scale**2 / (gains @ variances))

    def cost(self, squares: Floats, first: int) -> float:
        """The cost of an error.

        Args:
            squares: E by channel, of the error over the scale that the stream had.
            first: the number of the first point behind the error.
        """
        seen = np.array(self._shares[first:]) @ squares
        return float(_FACTOR * np.sqrt(seen[0] * seen.mean()))


def mean_squares(error: Array, scale: float) -> Floats:
    """E by channel, of an error at a place where the stream was multiplied by `scale` so far.

    Of an error in several streams, (streams, tokens, width), it is the mean over them, as their sum is read in the end.
    """
    squares = np.square(error, dtype=np.float64).reshape(-1, *error.shape[-2:])
    means: Floats = np.mean(squares[:, 1:], axis=(0, 1)) / scale**2
    return means
