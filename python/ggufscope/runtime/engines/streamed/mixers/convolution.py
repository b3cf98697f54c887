"""Causal convolutions over the tokens of a prompt, one for every channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ....shape import Array, PromptSpan


class Tail:
    """The last inputs of a prompt, which its next tokens need: float32 (taps − 1, channels), 0 before the first."""

    def __init__(self, taps: int, channels: int) -> None:
        self.inputs: Array = np.zeros((taps - 1, channels), np.float32)

    def convolve(self, x: Array, kernel: Array, out: Array) -> None:
        """Σ kernel[:, j] · input of taps − 1 − j tokens ago.

        Args:
            x: float32 (tokens, channels), what follows on the tail.
            kernel: float32 (channels, taps).
            out: float32 (tokens, channels).
        """
        inputs = np.concatenate([self.inputs, x])
        out[...] = 0
        for tap in range(kernel.shape[1]):
            out += inputs[tap : tap + len(x)] * kernel[:, tap]
        self.inputs = inputs[len(x) :]


def convolved(x: Array, kernel: Array, tails: list[Tail], spans: list[PromptSpan]) -> Array:
    """Every prompt's tokens, (tokens, channels), behind its tail."""
    out = np.empty_like(x)
    for span in spans:
        tails[span.prompt].convolve(x[span.rows], kernel, out[span.rows])
    return out
