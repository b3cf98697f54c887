"""Gated short convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..tiles import product
from .convolution import Tail, convolved

if TYPE_CHECKING:
    from .....architecture.mixers.short_convolution import ShortConvolution
    from ....shape import Array
    from ..layer_pass import LayerPass
    from .rotations import Rotations


class RunningShortConvolution:
    """The convolution of one layer; see `RunningMixer`."""

    def __init__(self, weights: ShortConvolution, _rotations: Rotations) -> None:
        self._weights = weights
        self._kernel = weights.kernel.astype(np.float32)

    def memory(self, _capacity: int) -> Tail:
        """The last inputs of one prompt; see `RunningMixer.memory`."""
        channels, taps = self._kernel.shape
        return Tail(taps, channels)

    def mix(self, x: Array, memories: list[Tail], run: LayerPass) -> Array:
        """See `RunningMixer.mix`."""
        before, behind, tokens = np.split(product(self._weights.inwards, x, run.workers), 3, axis=1)
        mixed = convolved(before * tokens, self._kernel, memories, run.batch.spans)
        mixed *= behind
        return product(self._weights.output, mixed, run.workers)
