"""A direction that all rows of the embedding have in common."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...runtime.standouts import Found, Standout
from .source import WEIGHTS

if TYPE_CHECKING:
    from .source import Weights

NAME = "common_direction"
_LEAST_SHARE = 0.25
_LEAST_FACTOR = 4.0  # times what independent rows have


@WEIGHTS.kind(
    NAME,
    "Common direction of the embedding",
    f"‖mean row‖ / mean ‖row‖ of token_embd, from {_LEAST_SHARE:g} on, where that is {_LEAST_FACTOR:g} times what"
    " independent rows have, 1 / √rows, or more.",
)
def find(weights: Weights) -> Found:
    """One, or none."""
    rows = weights.embedding
    norms = rows.norms[np.isfinite(rows.norms)]
    mean = float(norms.mean()) if norms.size else 0.0
    share = rows.mean_norm / mean if mean > 0 else math.nan
    independent = 1 / math.sqrt(len(rows.norms))
    if not (share >= _LEAST_SHARE and share >= _LEAST_FACTOR * independent):
        return Found()
    sentence = (
        f"The rows of the embedding have a direction in common: their mean is {100 * share:.0f} % as long as they are,"
        f" where independent rows have {100 * independent:.1g} %."
    )
    return Found([Standout(NAME, None, None, {}, share, share / independent, {}, sentence)])
