"""Which kind of mixer a layer has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...models.metadata import as_count
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
    keys = ("attention.head_count", "attention.head_count_kv")
    if any(as_count(sources.hyperparameters.value(key, layer)) == 0 for key in keys):
        return None
    return attention(sources, layer)
