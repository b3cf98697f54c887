"""Ways to choose the next token from its scores.

A way is a function (number of the prompt, step, scores) → token; engines take it as an argument of `generate`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..reading.draws import uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..shape import Array

# (number of the prompt, tokens of its answer so far, scores of all tokens, float32) → the next token.
Choose = Callable[[int, int, "Array"], int]


def greedy(_prompt: int, _step: int, scores: Array) -> int:
    """The highest score, the lowest id among equals."""
    return int(np.argmax(scores))


@dataclass(frozen=True, eq=False)
class Sampling:
    """A draw at temperature 1: every token as often as the model expects it.

    The cumulated probabilities, in the order of tokens, are inverted at one uniform number per prompt and step. The
    draw depends on nothing else, and so a prompt is answered alike alone and among others, in any order.

    Attributes:
        seed: of the uniform numbers, see `draws.uniform`.
        allowed: bool (vocabulary,), tokens that may be drawn, at least one.
    """

    seed: int
    allowed: npt.NDArray[np.bool_]

    def __call__(self, prompt: int, step: int, scores: Array) -> int:
        return invert(scores, self.allowed, uniform(self.seed, prompt, step))


def invert(scores: Array, allowed: npt.NDArray[np.bool_], share: float) -> int:
    """The first allowed token up to which more than `share` of the probability lies, softmax and sums in float64."""
    tokens = np.flatnonzero(allowed)
    logits = scores[tokens].astype(np.float64)
    cumulated = np.cumsum(np.exp(logits - logits.max()))
    place = np.searchsorted(cumulated, share * cumulated[-1], side="right")
    # A share just below 1 may round up to the whole, which is reached by the last token that adds to it.
    return int(tokens[min(place, np.searchsorted(cumulated, cumulated[-1]))])
