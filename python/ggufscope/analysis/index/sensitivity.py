"""How much a ranking of layers depends on the weights of the sum.

Weights are drawn uniformly from the simplex. What is the same for nearly all of them is a finding; the rest is a
choice of weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import ahead, compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats

DRAWS = 10_000
TOP = 3
INTERVAL = (0.05, 0.95)
_INDICES_AT_A_TIME = 1 << 20  # sorted, 8 MB


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Over the drawn weights, for every layer.

    Attributes:
        p_first: probability of the highest index, (L,); layers that tie share it.
        p_top_three: probability of being among the three highest, (L,).
        rank_low, rank_high: 5 % and 95 % quantiles of the rank, (L,); rank 1 is the highest index, ties share their
            mean rank.
    """

    p_first: Floats
    p_top_three: Floats
    rank_low: Floats
    rank_high: Floats


def simplex_draws(n_components: int, draws: int, seed: int) -> Floats:
    """Weights uniform on the simplex, (draws, components): normalized exponentials of a fixed seed."""
    exponentials = np.random.default_rng(seed).standard_exponential((draws, n_components))
    weights: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
    return weights


@ahead("float64[:, ::1], int64[:, ::1], int64, float64[::1], float64[::1], int32[:, ::1]")
@compiled
def add_ranks(  # noqa: PLR0917  compiled functions take no keywords
    index: Floats,
    order: npt.NDArray[np.int64],
    top: int,
    first: Floats,
    among_top: Floats,
    counts: npt.NDArray[np.int32],
) -> None:  # pragma: no cover  compiled
    """Add the ranks of the layers under several draws of weights to what was counted before.

    Args:
        index: of each layer under each draw, float64 (draws, L).
        order: of the layers under each draw, the highest index first; (draws, L).
        top: number of the highest that count as the top.
        first: number of draws in which each layer is first, (L,), ties sharing a place.
        among_top: the same for the top.
        counts: of twice the rank minus 2, (L, 2L − 1), where layers that tie have their mean rank.
    """
    n_draws, n_layers = index.shape
    for draw in range(n_draws):
        higher = 0
        while higher < n_layers:
            end = higher + 1
            while end < n_layers and index[draw, order[draw, end]] == index[draw, order[draw, higher]]:
                end += 1
            tied = end - higher
            for place in range(higher, end):
                layer = order[draw, place]
                first[layer] += 1.0 / tied if higher == 0 else 0.0
                among_top[layer] += min(1.0, max(0.0, (top - higher) / tied))
                counts[layer, 2 * higher + tied - 1] += 1
            higher = end


def count_ranks(units: Floats, weights: Floats, top: int) -> tuple[Floats, Floats, npt.NDArray[np.int32]]:
    """Rank the layers under every draw of weights; see `add_ranks`.

    NumPy sorts: numba compiles a sort for longer than all draws take.

    Args:
        units: scaled components, float64 (components, L).
        weights: float64 (draws, components).
        top: number of the highest that count as the top.
    """
    n_layers = units.shape[1]
    first, among_top = np.zeros(n_layers), np.zeros(n_layers)
    counts = np.zeros((n_layers, 2 * n_layers - 1), np.int32)
    step = max(1, _INDICES_AT_A_TIME // n_layers)
    for start in range(0, len(weights), step):
        index = np.zeros((len(weights[start : start + step]), n_layers))
        for drawn, unit in zip(weights[start : start + step].T, units, strict=True):
            index += drawn[:, None] * unit  # component after component, which no BLAS vouches for
        add_ranks(index, np.argsort(-index, axis=1), top, first, among_top, counts)
    return first, among_top, counts


def sensitivity(units: Floats, draws: int = DRAWS, seed: int = 0) -> Sensitivity:
    """Probabilities and rank intervals over weights drawn from the simplex.

    Args:
        units: scaled components, (components, L).
        draws: number of weight vectors.
        seed: of the draws; the same seed gives the same numbers.

    Raises:
        ValueError: There are no components or no layers.
    """
    if units.ndim != 2 or units.size == 0:
        raise ValueError("sensitivity needs at least one component and one layer")
    weights = simplex_draws(len(units), draws, seed)
    first, among_top, counts = count_ranks(np.asarray(units, np.float64), weights, TOP)
    low, high = (_rank_quantile(counts, share, draws) for share in INTERVAL)
    return Sensitivity(first / draws, among_top / draws, low, high)


def _rank_quantile(counts: npt.NDArray[np.int32], share: float, draws: int) -> Floats:
    """Inverted CDF of the rank of each layer."""
    return np.array([1 + (of_layer.cumsum() >= share * draws).argmax() / 2 for of_layer in counts], np.float64)
