"""Level words, sparingly: the index compares the layers of one model, so a word needs a layer that stands out in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .sensitivity import TOP

if TYPE_CHECKING:
    from .ranking import Ranking
    from .risk import RiskIndex
    from .sensitivity import Sensitivity

SURE_IN, SURE_OUT = 0.9, 0.1
FEWEST_LAYERS = 2 * TOP  # among fewer layers the top three are most of them
FEWEST_COMPONENTS = 2


def levels(risk: RiskIndex, draws: Sensitivity | None) -> list[str | None]:
    """A word for each layer whose place does not hang on the weights of the sum; None for the others.

    `high`: among the three highest with probability ≥ 0.9 over weights. Of those that are with probability ≤ 0.1, `low`
    in the lower half of the index and `medium` in the upper. None for all if the index is flat, has fewer than six
    layers, or varies with a single component: then no weights can change its order, which proves nothing.
    """
    too_few = len(risk.values) < FEWEST_LAYERS or len(risk.deciding) < FEWEST_COMPONENTS
    if draws is None or risk.is_flat or too_few:
        return [None] * len(risk.values)
    upper = risk.values > np.median(risk.values)
    return [_word(float(p), bool(above)) for p, above in zip(draws.p_top_three, upper, strict=True)]


def agreed_levels(ranking: Ranking) -> list[str | None]:
    """The words of `levels` that stay the same when what the quantizer confounds is left out of the index."""
    words = levels(ranking.risk, ranking.draws)
    if not ranking.excluded:
        return words
    others = levels(ranking.without_confounded, ranking.draws_without_confounded)
    return [word if word == other else None for word, other in zip(words, others, strict=True)]


def _word(p_top_three: float, upper: bool) -> str | None:
    if p_top_three >= SURE_IN:
        return "high"
    if p_top_three > SURE_OUT:
        return None
    return "medium" if upper else "low"
