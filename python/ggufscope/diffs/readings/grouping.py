"""Tokens added up in groups, so that what a matrix makes of many is known from its products with fewer vectors.

    Σ_t ‖D x_t‖²  =  n ‖D m‖² + Σ_t ‖D (x_t − m)‖²,   m the mean of the n tokens
    Σ_t ‖D (x_t − m)‖²  =  mean over signs of Σ_g ‖D Σ_{t in g} ± (x_t − m)‖²

All correlations between channels stay inside. What differs from the exact sum are products of two tokens' errors of one
group, with random signs; the mean, which tokens have in common, is taken away first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...runtime.engines.streamed.tiles import Workers
    from ...runtime.shape import Array

LEAST_GROUPS = 56  # with what stands beside them fewer vectors than the core multiplies as fast as BLAS many tokens
TOKENS_OF_A_GROUP = 8
MOST_SINGLE = 192  # so many tokens are not added up: their products cost little
_STRIPE = 512  # channels that are added up at a time


@dataclass(frozen=True)
class Grouping:
    """The groups of so many tokens.

    Attributes:
        order: int64 (tokens,), tokens group by group.
        signs: float32 (tokens,), of `order`: 1 or −1.
        firsts: int64 (groups + 1,), the place in `order` where each group begins, and the end.
    """

    order: npt.NDArray[np.int64]
    signs: Array
    firsts: npt.NDArray[np.int64]

    @property
    def n_vectors(self) -> int:
        """Vectors that the tokens become: those of the groups, and the mean."""
        return len(self.firsts)


def groups_of(n_tokens: int) -> Grouping | None:
    """The groups of so many tokens, the same ones always; None where they stay single."""
    if n_tokens < LEAST_GROUPS:
        return None
    n_groups = max(LEAST_GROUPS, n_tokens // TOKENS_OF_A_GROUP)
    chance = np.random.default_rng([n_groups, n_tokens])
    order = chance.permutation(n_tokens)
    signs = (2 * chance.integers(0, 2, n_tokens) - 1).astype(np.float32)
    firsts = np.linspace(0, n_tokens, n_groups + 1).astype(np.int64)
    return Grouping(order, signs, firsts)


def add_up(x: Array, rows: npt.NDArray[np.int64], grouping: Grouping | None, workers: Workers) -> Array:
    """Some tokens as vectors whose squared products sum up to those of the tokens: float32 (vectors, channels).

    Args:
        x: float32 (all tokens, channels), what a matrix reads, or what it makes of that: sums go through it.
        rows: int64 (tokens,), which of them.
        grouping: of so many tokens; None: the tokens themselves.
        workers: that add.
    """
    if grouping is None:
        return x[rows]
    ordered = rows[grouping.order]
    vectors = np.empty((grouping.n_vectors, x.shape[1]), np.float32)

    def work(first: int) -> None:
        _add_up(x, first, min(first + _STRIPE, x.shape[1]), ordered, grouping.signs, grouping.firsts, vectors)

    workers.each(work, range(0, x.shape[1], _STRIPE))
    return vectors


@compiled
def _add_up(  # noqa: PLR0917  compiled functions take no keywords
    x: Array,
    first: int,
    end: int,
    order: npt.NDArray[np.int64],
    signs: Array,
    firsts: npt.NDArray[np.int64],
    out: Array,
) -> None:
    """Channels first … end − 1 of the groups' sums, and in the last row √n times the mean."""
    n_tokens = order.shape[0]
    mean = np.zeros(end - first, np.float64)
    for place in range(n_tokens):
        row = x[order[place]]
        for channel in range(first, end):
            mean[channel - first] += row[channel]
    for channel in range(end - first):
        mean[channel] /= n_tokens
    n_groups = firsts.shape[0] - 1
    for group in range(n_groups):
        for channel in range(first, end):
            out[group, channel] = 0
        for place in range(firsts[group], firsts[group + 1]):
            row, sign = x[order[place]], signs[place]
            for channel in range(first, end):
                out[group, channel] += sign * np.float32(row[channel] - mean[channel - first])
    for channel in range(first, end):
        out[n_groups, channel] = np.float32(mean[channel - first] * np.sqrt(n_tokens))
