"""One layer, put together of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .family import Arrangement
    from .matrices import Matrix
    from .own_inputs import OwnInput
    from .parts import BranchNorms, FeedForward, Mixer
    from .streams import Laurel, Streams


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        number: from 0.
        mixer: attention, or what stands in its place; None: the layer has nothing like it.
        mixer_norms: around it.
        feed_forward: the FFN; None: the layer has none.
        feed_forward_norms: around it.
        arrangement: of the two.
        residual_scale: of what each of the two adds to the stream.
        laurel: beside attention; None without.
        streams: around the layer, where there are several; None: there is one.
        own_input: of the layer; None without.
        output_scale: of the stream behind the layer.
    """

    number: int
    mixer: Mixer | None
    mixer_norms: BranchNorms
    feed_forward: FeedForward | None
    feed_forward_norms: BranchNorms
    arrangement: Arrangement
    residual_scale: float
    laurel: Laurel | None = None
    streams: Streams | None = None
    own_input: OwnInput | None = None
    output_scale: float = 1.0

    @property
    def matrices(self) -> list[Matrix]:
        """In the order in which they are multiplied."""
        parts = (self.streams, self.laurel, self.mixer, self.feed_forward, self.own_input)
        return [matrix for part in parts if part is not None for matrix in part.matrices]
