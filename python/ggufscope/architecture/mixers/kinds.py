"""Which kind of mixer a layer has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...models.metadata import as_count
from .attention import AttentionWeights, attention
from .gated_delta import GatedDelta, gated_delta
from .latent_attention import LatentAttention, latent_attention
from .shared_attention import SharedAttention, key_source, shared_attention
from .short_convolution import ShortConvolution, short_convolution

if TYPE_CHECKING:
    from ..parts import Mixer
    from ..sources import Sources

    Gather = Callable[[Sources, int], Mixer]

# Role of a tensor that a layer has only with this kind of mixer → the function that gathers it. The first that is
# there decides.
MIXERS: dict[str, Gather] = {
    "attn_kv_a_mqa": latent_attention,
    "shortconv.conv": short_convolution,
    "ssm_alpha": gated_delta,
    "ssm_ba": gated_delta,
}

# Type of mixer → what it is called in messages.
NAMES: dict[type, str] = {
    AttentionWeights: "attention",
    GatedDelta: "linear attention (gated delta rule)",
    LatentAttention: "multi-head latent attention",
    SharedAttention: "attention to the keys of an earlier layer",
    ShortConvolution: "short convolutions",
}


def name_of(mixer: Mixer) -> str:
    """The name of a mixer in messages."""
    return NAMES[type(mixer)]


def mixer(sources: Sources, layer: int) -> Mixer | None:
    """The mixer of a layer; attention unless its tensors say otherwise, None where the metadata give it no heads.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    for role, gather in MIXERS.items():
        if sources.catalog.has(layer, role):
            return gather(sources, layer)
    keys = ("attention.head_count", "attention.head_count_kv")
    if any(as_count(sources.hyperparameters.value(key, layer)) == 0 for key in keys):
        return None
    source = key_source(sources, layer)
    return attention(sources, layer) if source is None else shared_attention(sources, layer, source)
