"""The shares of attention by what a key is to the query, position by position: the oracle of several rooms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def mean(rows: list[Floats], n_heads: int) -> Floats:
    return np.mean(rows, axis=0) if rows else np.full(n_heads, np.nan)


def shares_by_key(alpha: Floats, tokens: Sequence[int], window: int | None = None) -> dict[str, Floats]:
    """Figures of heads, from probabilities (heads, tokens, keys) of causal attention."""
    n_heads, n_tokens, _ = alpha.shape
    repeats = []
    for t in range(n_tokens):
        keys = [key for key in range(1, t - 1) if tokens[key - 1] == tokens[t] and (window is None or t - key < window)]
        if keys:
            repeats.append(alpha[:, t, keys].sum(axis=1))
    return {
        "previous_token_share": mean([alpha[:, t, t - 1] for t in range(2, n_tokens)], n_heads),
        "own_token_share": mean([alpha[:, t, t] for t in range(1, n_tokens)], n_heads),
        "repeat_share": mean(repeats, n_heads),
    }
