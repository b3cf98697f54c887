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
    from .layer_pass import Branch, LayerPass
    from .mixers.mixer import RunningMixer

# Branch → the point of what it adds.
_POINTS: dict[Branch, str] = {"mixer": "attention_output", "feed_forward": "ffn_output"}


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
        layer, workers, watch = self._layer, self._pass.workers, self._pass.batch.watch
        if watch is not None:
            watch.begin(layer.number, x)
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
        if watch is not None:
            watch.end(layer.number, x)

    def mixed(self, read: Array) -> Array:
        """What the mixer adds to the stream, of what it reads, (tokens, width)."""
        assert self._mixer is not None  # noqa: S101
        return self._finished(self._mixer.mix(read, self._memories, self._pass), self._layer.mixer_norms)

    def fed_forward(self, read: Array) -> Array:
        """What the FFN adds to the stream, of what it reads, (tokens, width)."""
        assert self._layer.feed_forward is not None  # noqa: S101
        return self._finished(feed_forward(self._layer.feed_forward, read, self._pass), self._layer.feed_forward_norms)

    def _branches(self, x: Array) -> None:
        """Add what the branches make of a stream to it, (tokens, width), in place."""
        layer = self._layer
        read = self._read(x, layer.mixer_norms)
        beside = None  # what the FFN reads where it does not wait for attention
        if layer.arrangement == "one norm":
            beside = read
        elif layer.arrangement == "two norms":
            beside = self._read(x, layer.feed_forward_norms)
        if self._mixer is not None:
            self._add(x, "mixer", read, self.mixed(read))
        if layer.laurel is not None:
            x += laurel(layer.laurel, read, self._pass.workers)
            x *= np.float32(0.5**0.5)
        if layer.feed_forward is not None:
            read = self._read(x, layer.feed_forward_norms) if beside is None else beside
            self._add(x, "feed_forward", read, self.fed_forward(read))

    def _read(self, x: Array, norms: BranchNorms) -> Array:
        """What a branch reads of a stream."""
        watch = self._pass.batch.watch
        if watch is not None:
            watch.read(x, norms.before)
        return normed(x, norms.before)

    def _finished(self, output: Array, norms: BranchNorms) -> Array:
        """The output of a branch as it is added."""
        added = normed(output, norms.behind)
        if self._layer.residual_scale != 1.0:
            added = added * np.float32(self._layer.residual_scale)
        return added

    def _add(self, x: Array, branch: Branch, read: Array, added: Array) -> None:
        self._pass.take(_POINTS[branch], added)
        watch = self._pass.batch.watch
        if watch is not None:
            watch.add(branch, read, x, added)
        x += added
        norms = self._layer.mixer_norms if branch == "mixer" else self._layer.feed_forward_norms
        if norms.total is not None:
            x[...] = normed(x, norms.total)
