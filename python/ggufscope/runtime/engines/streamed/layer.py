"""One layer over a batch of tokens: its two branches, and what is captured on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .feed_forward.kinds import feed_forward
from .norms import normed
from .own_inputs import own_addition
from .streams import correct, laurel, predict

if TYPE_CHECKING:
    from ....architecture.layer import Layer
    from ....architecture.parts import BranchNorms
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
        """The residual stream (tokens, width), or several of them (streams, tokens, width), through it, in place."""
        layer, workers = self._layer, self._pass.workers
        if layer.streams is None:
            self._branches(x)
            if layer.own_input is not None:
                x += own_addition(layer.own_input, x, self._pass)
        else:
            predicted = predict(layer.streams, x, workers)
            computed = predicted[0].copy()
            self._branches(computed)
            x[...] = correct(layer.streams, predicted, computed, workers)
            if layer.own_input is not None:
                read = x[0] * layer.streams.own_gain.astype(np.float32)
                x[1:] += own_addition(layer.own_input, read, self._pass)
        if layer.output_scale != 1.0:
            x *= np.float32(layer.output_scale)
        self._pass.take("residual", x if layer.streams is None else x[0])

    def _branches(self, x: Array) -> None:
        """Add what the branches make of a stream to it, (tokens, width), in place."""
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
        if layer.laurel is not None:
            x += laurel(layer.laurel, read, self._pass.workers)
            x *= np.float32(0.5**0.5)
        if layer.feed_forward is not None:
            read = normed(x, layer.feed_forward_norms.before) if beside is None else beside
            added = feed_forward(layer.feed_forward, read, self._pass)
            self._add(x, added, layer.feed_forward_norms, "ffn_output")

    def _add(self, x: Array, output: Array, norms: BranchNorms, point: str) -> None:
        added = normed(output, norms.behind)
        if self._layer.residual_scale != 1.0:
            added = added * np.float32(self._layer.residual_scale)
        self._pass.take(point, added)
        x += added
        if norms.total is not None:
            x[...] = normed(x, norms.total)
