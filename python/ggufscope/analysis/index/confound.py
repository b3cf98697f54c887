"""Is it the model, or the quantizer? A test of how much the types of the tensors explain of a quantity over depth.

The type of a quantity at a layer is the tuple of types of the tensors it reads. Fitted is

    y = b₀ + b₁ x + b₂ x² + γ_type        x = depth from 0 to 1

and flagged what passes all of: partial η² of the types > 0.5 (share of what depth leaves unexplained that the types
explain), (max γ − min γ) / range(y) > 0.1, and p < 0.01 when the type labels are permuted over the layers. Depth is
in the model because quantizers give better types to the first and last layers: plain η² would blame the quantizer for
every trend of such a file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...arrays.compiled import ahead, compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats

PERMUTATIONS = 499
LARGEST_P = 0.01
LEAST_ETA_SQUARED = 0.5
LEAST_EFFECT = 0.1
LEAST_RESIDUAL_FREEDOM = 6
LEAST_LAYERS_OF_A_TYPE = 2
MOST_EXPLAINED_BY_DEPTH = 0.9

_DEPENDENT = 1e-10  # norm of what is left of a column, relative to the column, below which it adds nothing

Status = Literal["single type", "not flagged", "flagged", "not separable", "not available"]
Types = tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class Confound:
    """The outcome for one quantity.

    Attributes:
        quantity: its name.
        status: `"single type"`: nothing to confound; `"not separable"`: the layout of the types does not let the test
            decide; `"not available"`: the quantity or its types are not known on every layer.
        layers_by_type: types → number of layers.
        partial_eta_squared: None unless tested.
        effect: (max γ − min γ) / range(y).
        p: by permutation of the labels; at least 1 / 500.
        reason: of `"not separable"` and `"not available"`; None otherwise.
        shift: γ of each layer relative to their mean, (L,), in the unit of the quantity; None unless tested.
    """

    quantity: str
    status: Status
    layers_by_type: dict[str, int]
    partial_eta_squared: float | None = None
    effect: float | None = None
    p: float | None = None
    reason: str | None = None
    shift: Floats | None = None

    @property
    def flagged(self) -> bool:
        return self.status == "flagged"


def confound_test(quantity: str, values: Floats, types: Sequence[Types], seed: int = 0) -> Confound:
    """Test one quantity.

    Args:
        quantity: its name, for the report.
        values: (L,).
        types: of each layer, the types of the tensors the quantity reads.
        seed: of the permutations.
    """
    names = ["+".join(map(str, types_of_layer)) for types_of_layer in types]
    kinds, labels = np.unique(names, return_inverse=True)
    counts = dict(zip(kinds.tolist(), np.bincount(labels).tolist(), strict=True))
    if not np.isfinite(values).all():
        return Confound(quantity, "not available", counts, reason="not defined on every layer")
    if any(type_ is None for types_of_layer in types for type_ in types_of_layer):
        return Confound(quantity, "not available", counts, reason="the types of its tensors are not known")
    if len(kinds) == 1:
        return Confound(quantity, "single type", counts)
    reason = why_not_separable(labels)
    if reason is not None:
        return Confound(quantity, "not separable", counts, reason=reason)
    return _tested(quantity, values, labels, counts, seed)


def _tested(
    quantity: str, values: Floats, labels: npt.NDArray[np.int64], counts: dict[str, int], seed: int
) -> Confound:
    gamma = type_effects(values, labels)
    spread = float(np.ptp(values))
    effect = float(np.ptp(gamma)) / spread if spread > 0 else 0.0
    eta_squared, p = permutation_test(values, labels, seed)
    flagged = eta_squared > LEAST_ETA_SQUARED and effect > LEAST_EFFECT and p < LARGEST_P
    return Confound(
        quantity,
        "flagged" if flagged else "not flagged",
        counts,
        partial_eta_squared=eta_squared,
        effect=effect,
        p=p,
        shift=gamma[labels] - gamma[labels].mean(),
    )


def depth_terms(n_layers: int) -> Floats:
    """1, x and x² of every layer, (L, 3)."""
    x = np.linspace(0.0, 1.0, n_layers)
    return np.stack([np.ones(n_layers), x, x**2], axis=1)


def why_not_separable(
    labels: npt.NDArray[np.int64], most_explained_by_depth: float = MOST_EXPLAINED_BY_DEPTH
) -> str | None:
    """The reason that the effect of types and that of depth cannot be told apart; None where they can.

    Args:
        labels: type of each layer, numbered from 0 without gaps; (L,).
        most_explained_by_depth: of where a type is, as R².
    """
    n_types = int(labels.max()) + 1
    freedom = len(labels) - depth_terms(len(labels)).shape[1] - (n_types - 1)
    if np.bincount(labels).min() < LEAST_LAYERS_OF_A_TYPE:
        return "a type occurs on a single layer"
    if freedom < LEAST_RESIDUAL_FREEDOM:
        return f"too few layers: {freedom} residual degrees of freedom, {LEAST_RESIDUAL_FREEDOM} are needed"
    if max(explained_by_depth(labels == kind) for kind in range(n_types)) > most_explained_by_depth:
        return "depth alone tells which layers have which type"
    return None


def explained_by_depth(indicator: npt.NDArray[np.bool_]) -> float:
    """R² of a type's indicator on depth."""
    y = indicator.astype(np.float64)
    rest = residual_square_sum(depth_terms(len(y)), y)
    return 1 - rest / float(np.square(y - y.mean()).sum())


def type_effects(values: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    """γ of every type, (types,), that of the first one 0: least squares with depth and its square."""
    indicators = (labels[:, None] == np.arange(1, labels.max() + 1)).astype(np.float64)
    terms = depth_terms(len(values))
    solution = np.linalg.lstsq(np.hstack([terms, indicators]), values, rcond=None)[0]
    return np.concatenate([[0.0], solution[terms.shape[1] :]])


def permutation_test(values: Floats, labels: npt.NDArray[np.int64], seed: int = 0) -> tuple[float, float]:
    """Partial η² of the types, and how often as much is seen when the labels are shuffled.

    Returns:
        η² from 0 to 1, and p = (1 + number of permutations with at least that η²) / (1 + permutations).
    """
    rng = np.random.default_rng(seed)
    shuffled = np.array([labels, *(rng.permutation(labels) for _ in range(PERMUTATIONS))], np.int64)
    eta_squared = partial_eta_squared(np.ascontiguousarray(values, np.float64), depth_terms(len(values)), shuffled)
    as_large = int((eta_squared[1:] >= eta_squared[0] * (1 - 1e-12)).sum())
    return float(eta_squared[0]), (1 + as_large) / (1 + PERMUTATIONS)


def residual_square_sum(design: Floats, values: Floats) -> float:
    """Σ of squared residuals of a least-squares fit.

    Args:
        design: (L, terms); a term that depends on those before it is skipped.
        values: (L,).
    """
    return float(_square_sums_left(design, np.zeros((1, len(values)), np.int64), values)[0])


def partial_eta_squared(values: Floats, depth: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    """Share of what depth leaves unexplained that the types explain, for several assignments of types to layers.

    Args:
        values: (L,).
        depth: the depth terms, (L, 3).
        labels: (assignments, L), types numbered from 0.

    Returns:
        (assignments,), each from 0 to 1; 0 where depth explains everything but rounding.
    """
    unexplained = residual_square_sum(depth, values)
    if unexplained <= 1e-20 * float(np.square(values).sum()):
        return np.zeros(len(labels))
    return 1.0 - _square_sums_left(depth, labels, values) / unexplained


def _square_sums_left(design: Floats, labels: npt.NDArray[np.int64], values: Floats) -> Floats:
    """Σ of squared residuals of fits with a design and indicators of types, (assignments,); see `fit_by_types`."""
    fixed = np.array(design.T, np.float64, order="C")
    sums = np.empty(len(labels))
    terms = np.empty((len(fixed) + int(labels.max()), len(values)))
    fit_by_types(fixed, labels, np.array(values, np.float64), terms, np.empty(len(values)), sums)
    return sums


@ahead("float64[:, ::1], int64[:, ::1], float64[::1], float64[:, ::1], float64[::1], float64[::1]")
@compiled
def fit_by_types(  # noqa: PLR0917  # pragma: no cover  compiled functions take no keywords
    fixed: Floats, labels: npt.NDArray[np.int64], values: Floats, terms: Floats, rest: Floats, sums: Floats
) -> None:
    """Σ of squared residuals of least-squares fits, by modified Gram–Schmidt.

    All is written as loops, and callers bring the memory: numba compiles arithmetic of arrays for seconds.

    Args:
        fixed: terms that all fits have, (terms, L), C-contiguous.
        labels: of each fit the types of the layers, numbered from 0; (fits, L). Each type but the first is one more
            term; a term that depends on those before it is skipped.
        values: that are fitted, (L,).
        terms: to work in, (terms + types − 1, L).
        rest: to work in, (L,).
        sums: the result, (fits,).
    """
    n_fixed, n = fixed.shape
    for fit in range(sums.size):
        for i in range(n):
            rest[i] = values[i]
        for term in range(terms.shape[0]):
            for i in range(n):
                if term < n_fixed:
                    terms[term, i] = fixed[term, i]
                else:
                    terms[term, i] = 1.0 if labels[fit, i] == term - n_fixed + 1 else 0.0
            make_orthonormal(terms, term)
            along = 0.0
            for i in range(n):
                along += rest[i] * terms[term, i]
            for i in range(n):
                rest[i] -= along * terms[term, i]
        total = 0.0
        for i in range(n):
            total += rest[i] * rest[i]
        sums[fit] = total


@compiled
def make_orthonormal(terms: Floats, term: int) -> None:  # pragma: no cover  compiled
    """Make a row a unit vector that is orthogonal to the rows before it; 0 where it depends on them."""
    n = terms.shape[1]
    size = 0.0
    for i in range(n):
        size += terms[term, i] * terms[term, i]
    for earlier in range(term):
        along = 0.0
        for i in range(n):
            along += terms[term, i] * terms[earlier, i]
        for i in range(n):
            terms[term, i] -= along * terms[earlier, i]
    left = 0.0
    for i in range(n):
        left += terms[term, i] * terms[term, i]
    length = math.sqrt(left)
    adds = length > _DEPENDENT * math.sqrt(size)
    for i in range(n):
        terms[term, i] = terms[term, i] / length if adds else 0.0
