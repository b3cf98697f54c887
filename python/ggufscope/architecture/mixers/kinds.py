"""Which kind of mixer a layer has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .attention import attention

if TYPE_CHECKING:
    from ..parts import Mixer
    from ..sources import Sources

    Gather = Callable[[Sources, int], Mixer]

# Role of a tensor that a layer has only with this kind of mixer → the function that gathers it. The first that is
# there decides.
MIXERS: dict[str, Gather] = {}


def mixer(sources: Sources, layer: int) -> Mixer | None:
    """The mixer of a layer; attention unless its tensors say otherwise, None where the metadata give it no heads.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    for role, gather in MIXERS.items():
        if sources.catalog.has(layer, role):
            return gather(sources, layer)
    if sources.hyperparameters.value("attention.head_count", layer) == 0 and not sources.catalog.has(layer, "attn_q"):
        return None
    return attention(sources, layer)
