"""Kernels of causal convolutions over tokens, one for every channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import shape_text
from ..limits import NotApplicableError

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..sources import Sources

_MOST_TAPS = 64  # models have 3 or 4; a file may claim more, at great cost


def kernel(sources: Sources, layer: int, role: str, channels: int) -> Floats:
    """The taps of every channel, (channels, taps), the last for the token itself.

    Raises:
        NotApplicableError: There are none, they are not finite, or more than models have; or tokens see those behind
            them.
    """
    if not sources.hyperparameters.causal:
        raise NotApplicableError(f"the convolution of blk.{layer} would go both ways (attention.causal is false)")
    tensor = sources.catalog.need(layer, role)
    taps = tensor.n_elements // channels
    if not 2 <= taps <= _MOST_TAPS or tensor.shape[-1] != taps:
        extents = shape_text(tensor.shape)
        raise NotApplicableError(f"{tensor.name} is {extents}, not a few taps for each of {channels} channels")
    return sources.catalog.needed_vector(layer, role, channels * taps).reshape(channels, taps)
