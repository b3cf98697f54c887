"""One layer over a batch of tokens: its two branches, and what is captured on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .feed_forward.kinds import feed_forward
from .norms import normed

if TYPE_CHECKING:
    from ....architecture.parts import BranchNorms, Layer
    from ...shape import Array
    from .layer_pass import LayerPass
    from .mixers.mixer import RunningMixer


class LayerRun:
    """One layer, ready for a batch.

    Args:
        layer: its parts.
        mixer: that runs its mixer; None where it has none.
        memories: of the mixer, by prompt.
        run: the batch in this layer.
    """

    def __init__(self, layer: Layer, mixer: RunningMixer | None, memories: list[Any], run: LayerPass) -> None:
        self._layer = layer
        self._mixer = mixer
        self._memories = memories
        self._pass = run

    def run(self, x: Array) -> None:
        """The residual stream (tokens, width) through the layer, in place."""
        layer = self._layer
        read = normed(x, layer.mixer_norms.before)
        beside = None  # what the FFN reads where it does not wait for attention
        if layer.arrangement == "one norm":
            beside = read
        elif layer.arrangement == "two norms":
            beside = normed(x, layer.feed_forward_norms.before)
        if self._mixer is not None:
            added = self._mixer.mix(read, self._memories, self._pass)
            self._add(x, added, layer.mixer_norms, "attention_output")
        if layer.feed_forward is not None:
            read = normed(x, layer.feed_forward_norms.before) if beside is None else beside
            self._pass.take("ffn_norm", read)
            added = feed_forward(layer.feed_forward, read, self._pass)
            self._add(x, added, layer.feed_forward_norms, "ffn_output")
        self._pass.take("residual", x)

    def _add(self, x: Array, output: Array, norms: BranchNorms, point: str) -> None:
        added = normed(output, norms.behind)
        if self._layer.residual_scale != 1.0:
            added = added * np.float32(self._layer.residual_scale)
        self._pass.take(point, added)
        x += added
        if norms.total is not None:
            x[...] = normed(x, norms.total)
