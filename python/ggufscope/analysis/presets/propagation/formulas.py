"""The parts of a layer that there are formulas for; others are refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....architecture.limits import NotApplicableError
from ....architecture.mixers.attention import AttentionWeights
from ....architecture.mixers.kinds import name_of
from ....architecture.parts import Mixture
from ....architecture.structures import BEYOND, structure_of
from .kernels import ACTIVATIONS

if TYPE_CHECKING:
    from ....architecture.layer import Layer
    from ....architecture.parts import FeedForward, Norm
    from ....models.model import Model


def require_formulas(model: Model) -> None:
    """Raise NotApplicableError where a tensor, in any stack, belongs to a structure without formulas."""
    for tensor in model.tensors.values():
        if (tensor.role or "").startswith(BEYOND):
            raise NotApplicableError(f"{tensor.name} belongs to {structure_of(tensor.role)}")


def with_formulas(layer: Layer) -> tuple[AttentionWeights, FeedForward]:
    """Attention and FFN of a layer.

    Raises:
        NotApplicableError: There are no formulas for one of its parts.
    """
    weights = attention_of(layer)
    for norm in (weights.q_norm, weights.k_norm):
        _check_head_norm(norm, weights.shape.key_length)
    _check_attention(weights, layer.number)
    if layer.feed_forward is None:
        raise NotApplicableError(f"blk.{layer.number} has no FFN")
    _check_feed_forward(layer.feed_forward, layer.number)
    if layer.feed_forward.activation not in ACTIVATIONS:
        raise NotApplicableError(f"there are no formulas for the activation {layer.feed_forward.activation}")
    for norms in (layer.mixer_norms, layer.feed_forward_norms):
        if norms.total is not None:
            raise NotApplicableError(f"{norms.total.name} norms the residual stream itself")
    return weights, layer.feed_forward


def attention_of(layer: Layer) -> AttentionWeights:
    """The attention of a layer.

    Raises:
        NotApplicableError: It has none, or another kind.
    """
    if layer.mixer is None:
        raise NotApplicableError(f"blk.{layer.number} has no attention")
    if not isinstance(layer.mixer, AttentionWeights):
        raise NotApplicableError(f"blk.{layer.number} has {name_of(layer.mixer)} in place of softmax attention")
    if layer.mixer.gated:
        raise NotApplicableError(f"blk.{layer.number} gates what its heads give")
    if layer.mixer.v_norm is not None:
        raise NotApplicableError(f"blk.{layer.number} norms its values")
    _require_one_stream(layer)
    return layer.mixer


def _check_attention(weights: AttentionWeights, layer: int) -> None:
    shape = weights.shape
    beyond = {
        "is bidirectional (attention.causal is false)": not shape.causal,
        "falls with distance (ALiBi)": shape.alibi != 0,
        "clamps its projections": shape.clamp is not None,
        "norms what its heads give": weights.output_norm is not None,
    }
    for text, there in beyond.items():
        if there:
            raise NotApplicableError(f"attention of blk.{layer} {text}")


def _check_feed_forward(feed_forward: FeedForward, layer: int) -> None:
    if isinstance(feed_forward, Mixture):
        if feed_forward.norms is not None or feed_forward.router.norm is not None:
            raise NotApplicableError(f"blk.{layer} norms what its router or its experts read by themselves")
    elif feed_forward.sparsity is not None:
        raise NotApplicableError(f"blk.{layer} keeps the largest gates alone")
    elif feed_forward.inner_norm is not None:
        raise NotApplicableError(f"blk.{layer} norms its gated product")


def _require_one_stream(layer: Layer) -> None:
    """Raise NotApplicableError where a layer is more than two branches around one stream."""
    beyond = {
        "several residual streams (AltUp)": layer.streams is not None,
        "a low-rank branch beside attention (LAuReL)": layer.laurel is not None,
        "an input of its own (per-layer embedding)": layer.own_input is not None,
        "a factor of the stream behind it": layer.output_scale != 1.0,
    }
    for text, there in beyond.items():
        if there:
            raise NotApplicableError(f"blk.{layer.number} has {text}")


def _check_head_norm(norm: Norm | None, length: int) -> None:
    if norm is not None and norm.centred and norm.gain.shape[-1] != length:
        raise NotApplicableError(f"there are no formulas for {norm.name}: it centres all heads together")
