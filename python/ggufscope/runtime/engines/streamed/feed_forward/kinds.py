"""The kinds of FFNs that the engine runs, by the type of their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .....architecture.limits import NotApplicableError
from .....architecture.parts import DenseFeedForward, Mixture
from ..activations import ACTIVATIONS, GATED
from .dense import dense
from .mixture import mixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from .....architecture.parts import FeedForward
    from ....shape import Array
    from ..layer_pass import LayerPass

    Compute = Callable[[Any, Array, LayerPass], Array]

# Type of weights → function of the weights, what they read, and the batch.
FEED_FORWARDS: dict[type, Compute] = {DenseFeedForward: dense, Mixture: mixture}


def check_feed_forward(weights: FeedForward | None, layer: int) -> None:
    """Raise NotApplicableError for an FFN that the engine does not run."""
    if weights is None:
        return
    if type(weights) not in FEED_FORWARDS:
        raise NotApplicableError(f"blk.{layer} has {type(weights).__name__}, which the streamed engine does not run")
    by_curve = isinstance(weights, DenseFeedForward) and weights.curve is not None and weights.expert.gate is None
    if weights.activation not in {*ACTIVATIONS, *GATED} and not by_curve:
        raise NotApplicableError(
            f"blk.{layer} has the activation {weights.activation}, which the streamed engine lacks"
        )


def feed_forward(weights: FeedForward, x: Array, run: LayerPass) -> Array:
    """The addition of an FFN to the residual stream, in front of norms."""
    return FEED_FORWARDS[type(weights)](weights, x, run)
