"""A power law fitted to the largest eigenvalues, and the test whether it may be one.

Clauset, Shalizi and Newman, "Power-law distributions in empirical data" (SIAM Review 51, 2009): of every λ_min the
exponent of greatest likelihood, α = 1 + n / Σ ln(λ / λ_min), and that λ_min at which the Kolmogorov–Smirnov distance
max |F(λ_i) − i / n| (i from 0, as in their plfit and in the package powerlaw) is least. The test draws spectra of the
same size, eigenvalues below λ_min from those at hand, the others from the fitted law, and fits each of them as well:
the p-value is the share of fits at least as far off as that at hand. Eigenvalues of one matrix repel each other and are
not independent draws, as the test takes them: they keep closer to a law than draws would, and pass more often.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..text.numbers import counted
from .matrix_record import PowerLawFit
from .power_law_scan import least_distance

if TYPE_CHECKING:
    from ..arrays.floats import Floats

LEAST_TAIL = 50  # eigenvalues; with fewer, no test tells a power law from others (Clauset et al., section 4)
_CLEAR = 0.01  # chance of an outcome at or beyond the one so far, under a p-value of the limit, that ends the draws
_LEAST_FITTED = 8  # eigenvalues
_INTERVAL = 1.96  # standard errors to either side: 95 %


class Fit(NamedTuple):
    """A fit.

    Attributes:
        first: position of λ_min among the ascending eigenvalues.
        exponent: α.
        distance: Kolmogorov–Smirnov.
    """

    first: int
    exponent: float
    distance: float


def fit(ascending: Floats) -> Fit | None:
    """The fit to positive numbers in ascending order; None where fewer than two of them differ."""
    first, slope, distance = least_distance(np.log(ascending))
    return None if first < 0 else Fit(int(first), 1 + float(slope), float(distance))


def power_law_of(
    eigenvalues: Floats, resolution: float, *, draws: int, significance: float, seed: list[int]
) -> PowerLawFit:
    """The fit to a spectrum, and whether it is accepted.

    Args:
        eigenvalues: descending, ≥ 0, not all 0; those that are not told from 0 are left out.
        resolution: what eigenvalues are uncertain by, as a share of the largest.
        draws: for the test, at most.
        significance: p-value from which on a fit is accepted.
        seed: of the draws of this matrix.
    """
    ascending = np.ascontiguousarray(eigenvalues[eigenvalues > resolution * eigenvalues[0]][::-1])
    fitted = fit(ascending) if len(ascending) >= _LEAST_FITTED else None
    if fitted is None:
        few = f"{counted(len(ascending), 'eigenvalue')} above 0, all alike or too few to fit"
        return PowerLawFit(None, None, None, None, None, None, 0, None, None, 0, few)
    tail = len(ascending) - fitted.first
    error = (fitted.exponent - 1) / float(np.sqrt(tail))
    p_value, drawn, reason = None, 0, f"{tail} eigenvalues in the tail, fewer than {LEAST_TAIL}"
    accepted = False
    if tail >= LEAST_TAIL:
        exceeding, drawn = _exceeding(ascending, fitted, draws, significance, seed)
        p_value = exceeding / drawn
        accepted = p_value >= significance
        reason = f"p = {p_value:.2g}, below {significance:g}: no power law"
    return PowerLawFit(
        alpha=fitted.exponent if accepted else None,
        alpha_low=fitted.exponent - _INTERVAL * error if accepted else None,
        alpha_high=fitted.exponent + _INTERVAL * error if accepted else None,
        exponent=fitted.exponent,
        exponent_error=error,
        lambda_min=float(ascending[fitted.first]),
        n_tail=tail,
        ks_distance=fitted.distance,
        p_value=p_value,
        n_draws=drawn,
        reason=None if accepted else reason,
    )


def _exceeding(ascending: Floats, fitted: Fit, draws: int, significance: float, seed: list[int]) -> tuple[int, int]:
    """How many drawn spectra fit at least as badly, and how many were drawn until the outcome was clear."""
    random = np.random.Generator(np.random.PCG64(seed))
    exceeding = drawn = 0
    while drawn < draws:
        sample = fit(_drawn(ascending, fitted, random))
        exceeding += sample is not None and sample.distance >= fitted.distance
        drawn += 1
        if _is_clear(exceeding, drawn, significance):
            break
    return exceeding, drawn


def _drawn(ascending: Floats, fitted: Fit, random: np.random.Generator) -> Floats:
    """A spectrum of the same size: below λ_min from the one at hand, from there on of the fitted law; ascending."""
    n, body = len(ascending), ascending[: fitted.first]
    in_tail = random.binomial(n, 1 - len(body) / n) if len(body) else n
    below = body[random.integers(0, len(body), n - in_tail)] if len(body) else body
    with np.errstate(over="ignore"):
        above = ascending[fitted.first] * (1 - random.random(in_tail)) ** (-1 / (fitted.exponent - 1))
    drawn: Floats = np.sort(np.concatenate([below, np.minimum(above, np.finfo(np.float64).max)]))
    return drawn


def _is_clear(exceeding: int, drawn: int, limit: float) -> bool:
    """Whether a p-value of the limit would hardly give so few, or so many, fits that are as far off."""
    chances = [comb(drawn, k) * limit**k * (1 - limit) ** (drawn - k) for k in range(exceeding + 1)]
    at_most = sum(chances)
    return at_most < _CLEAR or 1 - at_most + chances[-1] < _CLEAR
