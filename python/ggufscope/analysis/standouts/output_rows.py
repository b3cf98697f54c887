"""How far the output layer's rows follow those of the embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...runtime.standouts import Found, Standout
from .source import WEIGHTS

if TYPE_CHECKING:
    from .source import Weights

NAME = "output_rows"
_LEAST_COSINE = 0.25
_REPEATED = 0.999  # cosine of rows that are the same but for rounding


@WEIGHTS.kind(
    NAME,
    "Output rows that follow the embedding",
    "Median cosine of the rows of token_embd with the rows of the output layer of the same tokens, where that is"
    f" another tensor; from ±{_LEAST_COSINE:g} on.",
)
def find(weights: Weights) -> Found:
    """One, or none."""
    rows = weights.embedding
    if rows.output is None:
        raise NotApplicableError(rows.why_no_output)
    known = rows.output[np.isfinite(rows.output)]
    if not known.size:
        raise NotApplicableError("no row of both has a direction")
    median = float(np.median(known))
    if abs(median) < _LEAST_COSINE:
        return Found()
    low, high = (float(value) for value in np.quantile(known, (0.05, 0.95)))
    if low >= _REPEATED:
        least = f"for 95 % of the tokens the cosine of the rows is at least {low:.4g}"
        sentence = f"The output layer repeats the embedding: {least}."
    else:
        sentence = (
            f"The output layer's rows follow the embedding's: their cosine is {median:.2f} in the median,"
            f" {low:.2f} to {high:.2f} for nine tokens of ten."
        )
    evidence = {"quantile_5": low, "quantile_95": high}
    return Found([Standout(NAME, None, None, {}, median, None, evidence, sentence)])
