"""The record of what was read: tokens of openings, and the activations held of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..measuring.capture import Recorder
    from ..measuring.induction import Induction
    from ..shape import Array, ModelShape
    from .holding import Holding


MOST_POSITIONS = 512  # what builds on openings may take memory by the square of their number


@dataclass(frozen=True, eq=False)
class Openings:
    """Openings of texts, read exactly, and other sequences read in the same pass.

    Attributes:
        tokens: of each opening, int32 (tokens,); all are equally long.
        n_template: tokens in front of those that the model wrote, the same in each.
        n_positions: tokens of a whole prompt of the usual length, template included, MOST_POSITIONS at most: what
            openings are openings of.
        prompts: name of the set of prompts that this length is of; None where none could be read.
        seed: of the draws.
        extra_tokens: of the other sequences.
        shape: of the model.
        recorder: that saw all of them, openings first; repeated random tokens last.
        holding: their activations, by the numbers that the recorder has.
        warnings: sentences for the reader.
        induction: measured on random tokens twice in a row, read in the same pass, or the reason why it was not.
    """

    tokens: list[npt.NDArray[np.int32]]
    n_template: int
    n_positions: int
    prompts: str | None
    seed: int
    extra_tokens: list[npt.NDArray[np.int32]]
    shape: ModelShape
    recorder: Recorder
    holding: Holding
    warnings: tuple[str, ...] = ()
    induction: Induction | str = "no random tokens were read twice in a row"

    @property
    def n_tokens(self) -> int:
        """Tokens of one opening."""
        return len(self.tokens[0])

    @property
    def n_written(self) -> int:
        """Tokens of one opening that the model wrote itself."""
        return self.n_tokens - self.n_template

    def has(self, layer: int, point: str) -> bool:
        """Whether a layer has a point; see `capture.POINTS`."""
        return self.holding.has(0, layer, point)

    def at(self, layer: int, point: str) -> list[Array]:
        """Activations of every opening, float32 (tokens, width); of `attention` (heads, tokens, keys).

        Raises:
            KeyError: The layer has no such point, or it was not asked for.
        """
        return [self.holding.at(prompt, layer, point) for prompt in range(len(self.tokens))]

    def extra_at(self, layer: int, point: str) -> list[Array]:
        """Activations of every other sequence; see `at`."""
        return [self.holding.at(len(self.tokens) + place, layer, point) for place in range(len(self.extra_tokens))]

    def mean_squares(self, layer: int, point: str) -> list[Floats]:
        """Mean square over the width of each token of every opening, (tokens,); at any point but `attention`."""
        return [self.holding.mean_squares(prompt, layer, point) for prompt in range(len(self.tokens))]

    def near_zero(self, layer: int, point: str) -> list[Floats]:
        """Share of `v` or `gated` below 0.1 of each token's own rms, of every opening, (tokens,)."""
        return [self.holding.near_zero(prompt, layer, point) for prompt in range(len(self.tokens))]
