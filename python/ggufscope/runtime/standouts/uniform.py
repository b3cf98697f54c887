"""Attention that is the same on all keys that a query sees: what heads are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ...arrays.floats import Floats
    from ..shape import Sight
    from .seen import Seen

_BACK = {"own_token_share": 0, "previous_token_share": 1}  # positions from the query to the key


def uniform_share(name: str, sight: Sight, n_tokens: int) -> float:
    """`"first_token_share"`, `"previous_token_share"` or `"own_token_share"` of such attention; NaN for no query."""
    positions = np.arange(n_tokens)
    first, end = sight.keys(positions, n_tokens)
    if name in _BACK:
        sees, begin = first <= positions - _BACK[name], 1 + _BACK[name]
    else:
        sees, begin = first == 0, 1 if sight.causal else 0
    shares = np.where(sees, 1 / (end - first), 0.0)[begin:]
    return float(shares.mean()) if shares.size else np.nan


def uniform_by_layer(seen: Seen, name: str) -> Floats:
    """The share on the sequences that were read, mean over them, (layers,)."""
    sights = [seen.shape.sight(layer) for layer in range(seen.shape.n_layers)]
    lengths = [len(tokens) for tokens in seen.tokens]
    shares = {(sight, length): uniform_share(name, sight, length) for sight in set(sights) for length in set(lengths)}
    return np.array([np.nanmean([shares[sight, length] for length in lengths]) for sight in sights])
