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
    """Mean and variance of every channel of a vector over tokens, each float64 (channels,).

    Several populations of tokens go side by side as (populations, channels); sizes are then those of each.
    """

    mean: Floats
    variance: Floats

    def __add__(self, other: Moments) -> Moments:
        """Moments of a sum of independent vectors."""
        return Moments(self.mean + other.mean, self.variance + other.variance)

    def scaled(self, factor: float) -> Moments:
        return self if factor == 1 else Moments(self.mean * factor, self.variance * factor**2)

    @property
    def mean_square(self) -> Floats:
        """Mean square over channels and tokens, () or (populations,)."""
        return np.asarray(np.mean(np.square(self.mean) + self.variance, axis=-1))

    @property
    def rms(self) -> Floats:
        """Its root."""
        return np.asarray(np.sqrt(self.mean_square))

    @property
    def std(self) -> Floats:
        """Standard deviation over channels and tokens together, () or (populations,)."""
        return np.asarray(np.sqrt(np.mean(self.variance, axis=-1) + np.var(self.mean, axis=-1)))

    def each(self) -> list[Moments]:
        """Those of every population by itself."""
        return [Moments(mean, variance) for mean, variance in zip(self.mean, self.variance, strict=True)]

    @classmethod
    def stacked(cls, populations: list[Moments]) -> Moments:
        """Moments of populations side by side."""
        return cls(np.stack([each.mean for each in populations]), np.stack([each.variance for each in populations]))

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.mean).all() and np.isfinite(self.variance).all())


def normed(norm: Norm, moments: Moments) -> Moments:
    """Divided by the root of the mean square over channels and tokens (mean field: it hardly fluctuates)."""
    mean, variance = moments.mean, moments.variance
    if norm.centred:
        # The mean over channels, which LayerNorm takes away, has the variance mean(σ²) / d, and the covariance
        # σ² / d with a channel.
        size = variance.shape[-1]
        mean = mean - mean.mean(axis=-1, keepdims=True)
        variance = variance * (1 - 2 / size) + variance.mean(axis=-1, keepdims=True) / size
    square = np.mean(np.square(mean) + variance, axis=-1, keepdims=True) + norm.epsilon
    factor = norm.gain / np.sqrt(square)
    scaled = mean * factor
    return Moments(scaled if norm.bias is None else scaled + norm.bias, variance * np.square(factor))
