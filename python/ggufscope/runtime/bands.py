"""Bands of positions: in each a trace has the entropy of every head apart (`measuring.figures.band_figure`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..arrays.means import mean_of_finite
from .measuring.figures import BAND

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .trace_result import Trace


@dataclass(frozen=True, order=True)
class Band:
    """Positions from the first to the last."""

    first: int
    last: int

    @property
    def key(self) -> str:
        """The end of the name of a figure or score of this band.

        >>> Band(4, 7).key
        '4_7'
        """
        return f"{self.first}_{self.last}"

    @property
    def figure(self) -> str:
        """The figure of a trace."""
        return f"{BAND}{self.key}"


def bands_of(trace: Trace) -> tuple[Band, ...]:
    """The bands of a trace; none in one of schema 1, and where attention goes both ways."""
    bands = []
    for name in trace.document.figures:
        first, _, last = name.removeprefix(BAND).partition("_")
        if name.startswith(BAND) and first.isdecimal() and last.isdecimal():
            bands.append(Band(int(first), int(last)))
    return tuple(sorted(bands))


def entropy_in_bands(trace: Trace) -> dict[Band, Floats]:
    """Entropy of each head in every band, mean over the prompts that reach it, (layers, heads); NaN without any."""
    return {band: mean_of_finite(trace.head_figure(band.figure), axis=0) for band in bands_of(trace)}
