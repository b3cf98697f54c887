"""Tokens whose row of the embedding is much longer or shorter than the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...models.token_texts import TokenTexts
from ...runtime.standouts import Found, Standout
from .source import WEIGHTS

if TYPE_CHECKING:
    from .source import Weights

NAME = "token_norm"
_NORMAL = 1.4826  # of the median absolute deviation of a Gaussian: its standard deviation
_LEAST_SCORE = 6.0
_LEAST_FACTOR = 1.5
_NAMED = 3  # tokens in the summary


@WEIGHTS.kind(
    NAME,
    "Tokens of unusual length",
    f"Rows of token_embd whose norm is at least {_LEAST_FACTOR:g} times the median or at most the median divided by it,"
    f" and lies {_LEAST_SCORE:g} robust deviations ({_NORMAL} · MAD) or more from it; unused tokens are left out.",
)
def find(weights: Weights) -> Found:
    """The farthest from the median first."""
    norms = weights.embedding.norms
    usable = np.isfinite(norms) & (norms > 0)
    usable[weights.embedding.alike] = False
    if not usable.any():
        return Found()
    median = float(np.median(norms[usable]))
    deviation = _NORMAL * float(np.median(np.abs(norms[usable] - median)))
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(usable, np.abs(norms - median) / deviation, 0.0)
    factors = np.where(usable, norms / median, 1.0)
    apart = np.maximum(factors, 1 / np.where(factors > 0, factors, 1.0)) >= _LEAST_FACTOR
    outliers = np.flatnonzero(apart & (scores >= _LEAST_SCORE))
    outliers = outliers[np.argsort(-scores[outliers], kind="stable")]
    texts = TokenTexts(weights.need_model())
    items = [
        _standout(int(token), texts(int(token)), float(norms[token]), median, min(float(scores[token]), 1e9))
        for token in outliers
    ]
    summary = None
    if len(items) > 1:
        names = ", ".join(f"{texts(int(token))} ({factors[token]:.2g} ×)" for token in outliers[:_NAMED])
        among = ", among them" if len(items) > _NAMED else ":"
        summary = f"{len(items)} tokens have rows of unusual length, against the median{among} {names}."
    return Found(items, summary=summary)


def _standout(token: int, text: str, norm: float, median: float, score: float) -> Standout:
    factor = norm / median
    return Standout(
        kind=NAME,
        layer=None,
        head=None,
        place={"token": token},
        value=norm,
        compared=factor,
        evidence={"robust_score": score, "median": median},
        sentence=f"The row of token {text} has a norm of {norm:.3g}, {factor:.2g} times the median.",
    )
