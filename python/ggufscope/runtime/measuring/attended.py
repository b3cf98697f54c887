"""Shares of attention by what a key is to the query: the token before it, itself, or what followed an earlier like it.

    tokens          a b c d … a b     the query is the last b
    previous token            ▲
    own token                   ▲
    repeat              ▲             c, which stands behind an earlier b

A head that gives repeats much attention tells what comes next from what came next before: an induction head (Olsson et
al. 2022, "In-context Learning and Induction Heads").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import ahead, compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..shape import Array, ModelShape, Sight

    Positions = npt.NDArray[np.int64]

ATTENDED = {
    "previous_token_share": "attention on the token before the query's, mean over the positions t ≥ 2, where that is"
    " not the first token",
    "own_token_share": "attention on the query's own token, mean over the positions t ≥ 1",
    "repeat_share": "attention on the tokens that stand behind earlier occurrences of the query's token, mean over the"
    " positions that have such; the query's own token and the one before it do not count; undefined where nothing"
    " repeats, and where attention goes both ways",
}


@ahead("float32[:, :, ::1], int64[::1], int64[::1], float64[:, ::1]")
@compiled
def _fill_shares(alpha: Array, earlier: Positions, first_seen: Positions, means: Floats) -> None:
    """The figures of ATTENDED, where they are defined.

    Args:
        alpha: float32 (heads, tokens, keys), C-contiguous.
        earlier: int64 (tokens,), see `earlier_occurrences`.
        first_seen: int64 (tokens,), the first key that each query sees.
        means: float64 (3, heads), the result.
    """
    n_heads, n_tokens, _ = alpha.shape
    for head in range(n_heads):
        previous = 0.0
        own = 0.0
        repeated = 0.0
        n_repeated = 0
        for t in range(1, n_tokens):
            own += np.float64(alpha[head, t, t])
            if t >= 2:
                previous += np.float64(alpha[head, t, t - 1])
            place = earlier[t]
            repeats = False
            while place >= 0 and place + 1 >= first_seen[t]:
                if place + 1 < t - 1:
                    repeated += np.float64(alpha[head, t, place + 1])
                    repeats = True
                place = earlier[place]
            n_repeated += repeats
        if n_tokens > 2:
            means[0, head] = previous / (n_tokens - 2)
        if n_tokens > 1:
            means[1, head] = own / (n_tokens - 1)
        if n_repeated > 0:
            means[2, head] = repeated / n_repeated


def earlier_occurrences(tokens: Sequence[int]) -> Positions:
    """Of each position the last one before it with the same token, -1 without; int64 (tokens,)."""
    places: dict[int, int] = {}
    earlier = np.full(len(tokens), -1, np.int64)
    for position, token in enumerate(tokens):
        earlier[position] = places.get(token, -1)
        places[token] = position
    return earlier


def attended_shares(probabilities: Array, sight: Sight, earlier: Positions | None) -> Floats:
    """The figures of ATTENDED in their order, float64 (3, heads); NaN where undefined.

    Args:
        probabilities: float32 (heads, tokens, keys).
        sight: the keys that queries see.
        earlier: see `earlier_occurrences`; None: it is not known what repeats.
    """
    n_tokens = probabilities.shape[1]
    first_seen, _ = sight.keys(np.arange(n_tokens), n_tokens)
    nothing = np.full(n_tokens, -1, np.int64)
    known = earlier if earlier is not None and sight.causal else nothing
    means = np.full((3, len(probabilities)), np.nan)
    _fill_shares(np.ascontiguousarray(probabilities), known, first_seen, means)
    return means


def uniform_attention(sight: Sight, n_tokens: int) -> Array:
    """A head that gives all keys it sees the same attention, float32 (1, tokens, keys)."""
    keys = np.arange(n_tokens)
    first, end = sight.keys(keys, n_tokens)
    seen = (keys >= first[:, None]) & (keys < end[:, None])
    attention: Array = (seen / seen.sum(axis=1, keepdims=True)).astype(np.float32)
    return attention[None]


class Attended:
    """Shares of attention of all heads, filled while an engine reads.

    Args:
        n_prompts: number of prompts.
        shape: of the model.
        tokens: ids of each prompt; None: they are not known, and no repeats either.
    """

    def __init__(self, n_prompts: int, shape: ModelShape, tokens: Sequence[npt.NDArray[np.int32]] | None) -> None:
        self._shape = shape
        self._earlier = None if tokens is None else [earlier_occurrences(ids.tolist()) for ids in tokens]
        self._shares = np.full((3, n_prompts, shape.n_layers, max(shape.n_heads, default=0)), np.nan)

    def take(self, prompt: int, layer: int, probabilities: Array, first_head: int) -> None:
        """Reduce what some heads of a layer give the keys of a prompt, float32 (heads, tokens, keys)."""
        earlier = None if self._earlier is None else self._earlier[prompt]
        heads = slice(first_head, first_head + len(probabilities))
        self._shares[:, prompt, layer, heads] = attended_shares(probabilities, self._shape.sight(layer), earlier)

    def tables(self) -> dict[str, Floats]:
        """Figure of ATTENDED → (prompts, layers, most heads of a layer)."""
        return dict(zip(ATTENDED, self._shares, strict=True))
