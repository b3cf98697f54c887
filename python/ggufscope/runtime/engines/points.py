"""The points that a layer has, of those where activations are captured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...architecture.mixers.attention import AttentionWeights
from ...architecture.parts import Mixture
from ..measuring.capture import POINTS

if TYPE_CHECKING:
    from ...architecture.parts import Layer


def points_of(layer: Layer) -> frozenset[str]:
    """Names of POINTS; a figure of any other point is undefined in this layer."""
    missing: set[str] = set()
    if layer.mixer is None:
        missing |= {"attention_output"}
    if layer.mixer is None or layer.mixer.shape is None:
        missing |= {"attention"}
    if not isinstance(layer.mixer, AttentionWeights):
        missing |= {"q", "k", "v"}
    if layer.feed_forward is None:
        missing |= {"ffn_norm", "gate", "up", "gated", "ffn_output"}
    else:
        feed_forward = layer.feed_forward
        expert = feed_forward.experts[0] if isinstance(feed_forward, Mixture) else feed_forward.expert
        missing |= {"gate"} if expert.gate is None else set()
    return frozenset(POINTS) - missing
