"""The points that a layer has, of those where activations are captured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...architecture.mixers.attention import AttentionWeights
from ...architecture.mixers.gated_delta import GatedDelta
from ...architecture.mixers.latent_attention import LatentAttention
from ...architecture.mixers.shared_attention import SharedAttention
from ...architecture.parts import Mixture
from ..measuring.capture import POINTS

if TYPE_CHECKING:
    from ...architecture.layer import Layer
    from ...architecture.parts import Expert

# Kind of mixer → those of queries, keys and values that it has: of the latter two as each head has them.
_PROJECTED: dict[type, frozenset[str]] = {
    AttentionWeights: frozenset({"q", "k", "v"}),
    LatentAttention: frozenset({"q", "k", "v"}),
    GatedDelta: frozenset({"v"}),
    SharedAttention: frozenset({"q"}),
}
# Kind of mixer → those that llama.cpp's graphs never compute in this form.
_NOT_IN_GRAPHS: dict[type, frozenset[str]] = {LatentAttention: frozenset({"k", "v"}), GatedDelta: frozenset({"v"})}


def points_of(layer: Layer) -> frozenset[str]:
    """Names of POINTS; a figure of any other point is undefined in this layer."""
    missing: set[str] = set()
    if layer.mixer is None:
        missing |= {"attention_output"}
    if layer.mixer is None or layer.mixer.shape is None:
        missing |= {"attention"}
    missing |= {"q", "k", "v"} - _PROJECTED.get(type(layer.mixer), frozenset())
    if layer.feed_forward is None:
        missing |= {"ffn_norm", "gate", "up", "gated", "ffn_output"}
    expert = expert_of(layer)
    if expert is not None and expert.gate is None:
        missing |= {"gate"}
    return frozenset(POINTS) - missing


def points_in_graph(layer: Layer) -> frozenset[str]:
    """Those of `points_of` that llama.cpp's graph of the layer shows."""
    return points_of(layer) - _NOT_IN_GRAPHS.get(type(layer.mixer), frozenset())


def expert_of(layer: Layer) -> Expert | None:
    """The FFN of a dense layer, the first expert of a mixture; None where the layer has none."""
    if layer.feed_forward is None:
        return None
    return layer.feed_forward.experts[0] if isinstance(layer.feed_forward, Mixture) else layer.feed_forward.expert
