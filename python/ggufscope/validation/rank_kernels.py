"""Rank correlations of one series with many others, compiled: a bootstrap asks for thousands of them.

Both are SciPy's (`spearmanr`, `kendalltau`), ties sharing their mean rank, without its import of half a second.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..arrays.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..arrays.floats import Floats

    Places = npt.NDArray[np.int64]


@compiled
def mean_ranks(values: Floats) -> Floats:  # pragma: no cover  compiled
    """Rank of each value of (n,), 1 for the lowest; those that tie share their mean rank."""
    order = np.argsort(values)
    ranks = np.empty(values.size)
    first = 0
    while first < values.size:
        last = first
        while last + 1 < values.size and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in range(first, last + 1):
            ranks[order[place]] = 0.5 * (first + last) + 1
        first = last + 1
    return ranks


@compiled
def _correlation(first: Floats, second: Floats) -> float:  # pragma: no cover  compiled
    """Pearson's correlation of two series with a mean of 0; NaN where either is constant."""
    product, first_square, second_square = 0.0, 0.0, 0.0
    for i in range(first.size):
        product += first[i] * second[i]
        first_square += first[i] * first[i]
        second_square += second[i] * second[i]
    defined = first_square > 0 and second_square > 0
    return product / math.sqrt(first_square * second_square) if defined else math.nan


@compiled
def spearman_rows(series: Floats, rows: Floats) -> Floats:  # pragma: no cover  compiled
    """Spearman's ρ of a series (n,) with each of rows (m, n), finite; NaN where either is constant; (m,)."""
    middle = (series.size + 1) / 2
    series_ranks = mean_ranks(series) - middle
    rho = np.empty(rows.shape[0])
    for row in range(rows.shape[0]):
        rho[row] = _correlation(series_ranks, mean_ranks(rows[row]) - middle)
    return rho


@compiled
def spearman_drawn(first: Floats, second: Floats, drawn: Places) -> Floats:  # pragma: no cover  compiled
    """Spearman's ρ of two series (n,) at the places of each row of `drawn` (m, n), which may repeat; (m,)."""
    middle = (first.size + 1) / 2
    rho = np.empty(drawn.shape[0])
    for row in range(drawn.shape[0]):
        first_ranks, second_ranks = mean_ranks(first[drawn[row]]), mean_ranks(second[drawn[row]])
        rho[row] = _correlation(first_ranks - middle, second_ranks - middle)
    return rho


@compiled
def kendall_rows(series: Floats, rows: Floats) -> Floats:  # pragma: no cover  compiled
    """Kendall's τ-b of a series (n,) with each of rows (m, n), finite; NaN where either is constant; (m,).

    Pairs in discord are the exchanges that a merge sort makes (Knight 1966): n log n steps, where all pairs would be
    half a million for a thousand heads.
    """
    n = series.size
    pairs = n * (n - 1) / 2
    series_ranks = mean_ranks(series)
    tau = np.empty(rows.shape[0])
    for row in range(rows.shape[0]):
        row_ranks = mean_ranks(rows[row])
        by_row = np.argsort(row_ranks)
        order = by_row[np.argsort(series_ranks[by_row], kind="mergesort")]  # by the series, ties by the row
        tied_in_series, tied_in_both = _tied_pairs(series_ranks[order], row_ranks[order])
        tied_in_row, _ = _tied_pairs(row_ranks[by_row], row_ranks[by_row])
        discordant = _exchanges(row_ranks[order])
        scale = math.sqrt((pairs - tied_in_series) * (pairs - tied_in_row))
        agreeing = pairs - tied_in_series - tied_in_row + tied_in_both - 2 * discordant
        tau[row] = agreeing / scale if scale > 0 else math.nan
    return tau


@compiled
def _tied_pairs(first: Floats, second: Floats) -> tuple[float, float]:  # pragma: no cover  compiled
    """Pairs that tie in `first`, and pairs that tie in both, of values sorted by `first`, then `second`."""
    tied, tied_both = 0.0, 0.0
    run, run_both = 0, 0
    for i in range(1, first.size):
        run = run + 1 if first[i] == first[i - 1] else 0
        run_both = run_both + 1 if run > 0 and second[i] == second[i - 1] else 0
        tied += run
        tied_both += run_both
    return tied, tied_both


@compiled
def _exchanges(values: Floats) -> float:  # pragma: no cover  compiled
    """Number of pairs in falling order, which are the neighbours that sorting exchanges."""
    source, target = values.copy(), np.empty(values.size)
    count = 0.0
    width = 1
    while width < values.size:
        for start in range(0, values.size, 2 * width):
            middle, end = min(start + width, values.size), min(start + 2 * width, values.size)
            left, right = start, middle
            for place in range(start, end):
                if left < middle and (right >= end or source[left] <= source[right]):
                    target[place] = source[left]
                    left += 1
                else:
                    target[place] = source[right]
                    right += 1
                    count += middle - left
        source, target = target, source
        width *= 2
    return count


@compiled
def auc_rows(scores: Floats, labels: npt.NDArray[np.bool_]) -> Floats:  # pragma: no cover  compiled
    """AUC of each row of scores (m, n): share of pairs with the labelled score above, ties counting half; (m,).

    NaN where a row of labels (m, n) is all of one kind.
    """
    auc = np.empty(scores.shape[0])
    for row in range(scores.shape[0]):
        ranks = mean_ranks(scores[row])
        total = 0.0
        count = 0
        for i in range(ranks.size):
            if labels[row, i]:
                total += ranks[i]
                count += 1
        pairs = count * (ranks.size - count)
        auc[row] = (total - count * (count + 1) / 2) / pairs if pairs > 0 else math.nan
    return auc
