"""Tokens that training hardly touched: rows of the embedding that are zero, or all point one way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...models.token_texts import TokenTexts
from ...runtime.standouts import Found, Standout
from .embedding_rows import ALIKE, FEWEST_ALIKE
from .source import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .source import Weights

NAME = "unused_tokens"
_NAMED = 4  # tokens in a sentence


@WEIGHTS.kind(
    NAME,
    "Unused tokens",
    f"Rows of token_embd that are zero, or {FEWEST_ALIKE} rows and more that share a direction, each with a cosine of"
    f" {ALIKE} or more with it: rows that training does not tell apart.",
)
def find(weights: Weights) -> Found:
    """Zero rows first."""
    rows, texts = weights.embedding, TokenTexts(weights.need_model())
    zero = np.flatnonzero(rows.norms == 0).tolist()
    alike = sorted(rows.alike.tolist())
    items = []
    if zero:
        items.append(_standout(zero, "are zero", texts, 0.0, len(rows.norms)))
    if alike:
        verb = f"share one direction (cosine {ALIKE} or more), as rows that training hardly touched do"
        items.append(_standout(alike, verb, texts, float(np.median(rows.cosines)), len(rows.norms)))
    return Found(items)


def _standout(tokens: Sequence[int], verb: str, texts: TokenTexts, cosine: float, n_rows: int) -> Standout:
    names = ", ".join(texts(token) for token in _spread(tokens))
    are = "row of the embedding" if len(tokens) == 1 else "rows of the embedding"
    among = ", among them" if len(tokens) > _NAMED else ":"
    return Standout(
        kind=NAME,
        layer=None,
        head=None,
        place={"token": tokens[0]},
        value=float(len(tokens)),
        compared=None,
        evidence={"share": len(tokens) / n_rows, "median_cosine": cosine},
        sentence=f"{len(tokens)} of {n_rows} {are} {verb}{among} {names}.",
    )


def _spread(tokens: Sequence[int]) -> list[int]:
    """A few of them, from the first to the last."""
    places = np.linspace(0, len(tokens) - 1, min(len(tokens), _NAMED)).astype(int)
    return [tokens[place] for place in places]
