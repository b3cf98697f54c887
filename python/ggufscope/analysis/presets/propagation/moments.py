"""Means and variances of independent channels, and norms applied to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ....architecture.parts import Norm
    from ....arrays.floats import Floats


@dataclass(frozen=True)
class Moments:
    """Mean and variance of every channel of a vector over tokens, each float64 (channels,)."""

    mean: Floats
    variance: Floats

    def __add__(self, other: Moments) -> Moments:
        """Moments of a sum of independent vectors."""
        return Moments(self.mean + other.mean, self.variance + other.variance)

    def scaled(self, factor: float) -> Moments:
        return self if factor == 1 else Moments(self.mean * factor, self.variance * factor**2)

    @property
    def rms(self) -> float:
        """Root of the mean square over channels and tokens."""
        return float(np.sqrt(np.mean(np.square(self.mean) + self.variance)))

    @property
    def std(self) -> float:
        """Standard deviation over channels and tokens together."""
        return float(np.sqrt(np.mean(self.variance) + np.var(self.mean)))

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.mean).all() and np.isfinite(self.variance).all())


def normed(norm: Norm, moments: Moments) -> Moments:
    """Divided by the root of the mean square over channels and tokens (mean field: it hardly fluctuates)."""
    mean, variance = moments.mean, moments.variance
    if norm.centred:
        # The mean over channels, which LayerNorm takes away, has the variance mean(σ²) / d, and the covariance
        # σ² / d with a channel.
        size = variance.size
        mean = mean - mean.mean()
        variance = variance * (1 - 2 / size) + variance.mean() / size
    square = float(np.mean(np.square(mean) + variance)) + norm.epsilon
    factor = norm.gain / np.sqrt(square)
    scaled = mean * factor
    return Moments(scaled if norm.bias is None else scaled + norm.bias, variance * np.square(factor))
