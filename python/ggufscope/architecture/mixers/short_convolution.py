"""Gated short convolutions (LFM2): every channel mixes its own last few tokens.

One projection makes b, c and z of what the mixer reads; c · (b · z convolved over tokens) goes through the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .convolution import kernel

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..matrices import Matrix
    from ..sources import Sources


@dataclass(frozen=True)
class ShortConvolution:
    """The weights of a layer.

    Attributes:
        inwards: (3 · channels, channels): what gates the tokens, what gates the result, and the tokens.
        kernel: (channels, taps), the last tap for the token itself.
        output: (channels, channels).
    """

    inwards: Matrix
    kernel: Floats
    output: Matrix

    @property
    def shape(self) -> None:
        """There are no heads."""
        return

    @property
    def matrices(self) -> list[Matrix]:
        return [self.inwards, self.output]


def short_convolution(sources: Sources, layer: int) -> ShortConvolution:
    """Gathered from the tensors of a layer.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog, width = sources.catalog, sources.width
    return ShortConvolution(
        catalog.matrix(layer, "shortconv.in_proj", 3 * width, width),
        kernel(sources, layer, "shortconv.conv", width),
        catalog.matrix(layer, "shortconv.out_proj", width, width),
    )
