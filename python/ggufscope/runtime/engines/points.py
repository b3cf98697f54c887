"""The points that a layer has, of those where activations are captured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...architecture.mixers.attention import AttentionWeights
from ...architecture.parts import Mixture
from ..measuring.capture import POINTS

if TYPE_CHECKING:
    from ...architecture.parts import Expert, Layer


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
    expert = expert_of(layer)
    if expert is not None and expert.gate is None:
        missing |= {"gate"}
    return frozenset(POINTS) - missing


def expert_of(layer: Layer) -> Expert | None:
    """The FFN of a dense layer, the first expert of a mixture; None where the layer has none."""
    if layer.feed_forward is None:
        return None
    return layer.feed_forward.experts[0] if isinstance(layer.feed_forward, Mixture) else layer.feed_forward.expert
