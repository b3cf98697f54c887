"""The kinds of mixers that the engine runs, by the type of their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .....architecture.limits import NotApplicableError
from .....architecture.mixers.attention import AttentionWeights
from .....architecture.mixers.gated_delta import GatedDelta
from .....architecture.mixers.kinds import name_of
from .....architecture.mixers.latent_attention import LatentAttention
from .....architecture.mixers.shared_attention import SharedAttention
from .....architecture.mixers.short_convolution import ShortConvolution
from .attention import Attention
from .gated_delta import RunningGatedDelta
from .latent_attention import RunningLatentAttention
from .shared_attention import RunningSharedAttention
from .short_convolution import RunningShortConvolution

if TYPE_CHECKING:
    from collections.abc import Callable

    from .....architecture.parts import Mixer
    from .mixer import RunningMixer
    from .rotations import Rotations

# Type of weights → what runs them, made of the weights and the tables of RoPE.
MIXERS: dict[type, Callable[[Any, Rotations], RunningMixer]] = {
    AttentionWeights: Attention,
    GatedDelta: RunningGatedDelta,
    LatentAttention: RunningLatentAttention,
    SharedAttention: RunningSharedAttention,
    ShortConvolution: RunningShortConvolution,
}


def check_mixer(mixer: Mixer | None, layer: int) -> None:
    """Raise NotApplicableError for a mixer that the engine does not run."""
    if mixer is None:
        return
    if type(mixer) not in MIXERS:
        raise NotApplicableError(f"blk.{layer} has {name_of(mixer)}, which the streamed engine does not run")
    if isinstance(mixer, AttentionWeights):
        Attention.check(mixer, layer)


def running(mixer: Mixer, rotations: Rotations) -> RunningMixer:
    """A mixer, ready for a prefill."""
    return MIXERS[type(mixer)](mixer, rotations)
