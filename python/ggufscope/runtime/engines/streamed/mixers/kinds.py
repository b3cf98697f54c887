"""The kinds of mixers that the engine runs, by the type of their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .....architecture.limits import NotApplicableError
from .....architecture.mixers.attention import AttentionWeights
from .attention import Attention

if TYPE_CHECKING:
    from collections.abc import Callable

    from .....architecture.parts import Mixer
    from .mixer import RunningMixer
    from .rotations import Rotations

# Type of weights → what runs them, made of the weights and the tables of RoPE.
MIXERS: dict[type, Callable[[Any, Rotations], RunningMixer]] = {AttentionWeights: Attention}


def check_mixer(mixer: Mixer | None, layer: int) -> None:
    """Raise NotApplicableError for a mixer that the engine does not run."""
    if mixer is None:
        return
    if type(mixer) not in MIXERS:
        raise NotApplicableError(f"blk.{layer} has {type(mixer).__name__}, which the streamed engine does not run")
    if isinstance(mixer, AttentionWeights):
        Attention.check(mixer, layer)


def running(mixer: Mixer, rotations: Rotations) -> RunningMixer:
    """A mixer, ready for a prefill."""
    return MIXERS[type(mixer)](mixer, rotations)
