"""The form of a mixer: what the engine asks of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ....shape import Array
    from ..layer_pass import LayerPass


class RunningMixer(Protocol):
    """The mixer of one layer during a prefill and the generation behind it."""

    def memory(self, capacity: int) -> Any:
        """The memory of one prompt in this layer, before its first token: keys and values, or a state.

        Args:
            capacity: tokens that will be read and written.
        """

    def mix(self, x: Array, memories: list[Any], run: LayerPass) -> Array:
        """The addition to the residual stream, in front of norms.

        Args:
            x: float32 (tokens, width), what the mixer reads.
            memories: by number of the prompt; those of the batch's prompts go on behind its tokens.
            run: the batch in this layer.
        """
