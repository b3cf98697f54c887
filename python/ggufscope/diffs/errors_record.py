"""The figures of a pair of weights, or of many: sums that add up exactly, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Errors:
    """How far weights b of a model are from weights a of a reference; docs/metrics.md defines each figure.

    All are of the decoded numbers, times the factors beside them. What is undefined is None, as `nmse` where every
    weight of the reference is 0. Pairs with a NaN or an Inf are counted and in no other figure.

    Attributes:
        n_elements: pairs, non-finite ones included.
        non_finite_count: pairs in which a or b is NaN or Inf.
        error_squares: Σ(b − a)².
        reference_squares: Σa².
        model_squares: Σb².
        products: Σab.
        error_sum: Σ(b − a).
        nmse: error_squares / reference_squares; without a unit, 0 for equal weights.
        sqnr_db: −10 log₁₀ nmse, in decibels; None for equal weights.
        rmse: √(error_squares / n), in the unit of the weights.
        cosine: products / √(reference_squares · model_squares).
        bias: error_sum / n, in the unit of the weights.
        rescale: products / model_squares, the factor on b that would err least.
        max_abs_error: the largest |b − a|.
        unchanged: share of pairs with b == a.
        weighted_error_squares: Σ E[x²] (b − a)² with the mean square of the input that each column multiplies; None
            where no importance of it is known.
        weighted_reference_squares: Σ E[x²] a², likewise.
        weighted_nmse: the first of the two over the second.
    """

    n_elements: int
    non_finite_count: int
    error_squares: float
    reference_squares: float
    model_squares: float
    products: float
    error_sum: float
    nmse: float | None
    sqnr_db: float | None
    rmse: float | None
    cosine: float | None
    bias: float | None
    rescale: float | None
    max_abs_error: float | None
    unchanged: float | None
    weighted_error_squares: float | None = None
    weighted_reference_squares: float | None = None
    weighted_nmse: float | None = None
