"""The oracle of pair statistics: NumPy and math.fsum in float64, written from the definitions alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


class Pair:
    """A matrix of a reference and one of a model, as decoded, and the pairs that count."""

    def __init__(self, reference: npt.NDArray[np.float32], model: npt.NDArray[np.float32]) -> None:
        self.counts = np.isfinite(reference) & np.isfinite(model)
        self.reference: Values = np.where(self.counts, reference, 0).astype(np.float64)
        self.model: Values = np.where(self.counts, model, 0).astype(np.float64)
        self.error = self.model - self.reference
        self.n = int(self.counts.sum())

    @property
    def largest(self) -> float:
        return float(np.abs(self.error).max(initial=0))

    @property
    def error_squares(self) -> float:
        return math.fsum((self.error**2).flat)

    @property
    def reference_squares(self) -> float:
        return math.fsum((self.reference**2).flat)

    @property
    def model_squares(self) -> float:
        return math.fsum((self.model**2).flat)

    @property
    def products(self) -> float:
        return math.fsum((self.reference * self.model).flat)

    @property
    def error_sum(self) -> float:
        return math.fsum(self.error.flat)

    @property
    def size_of_products(self) -> float:
        """What rounding of the products is measured against: terms of either sign may cancel."""
        return math.sqrt(self.reference_squares) * math.sqrt(self.model_squares)

    @property
    def size_of_errors(self) -> float:
        return math.fsum(np.abs(self.error).flat)


def quotient(a: float, b: float) -> float | None:
    return a / b if b else None


def sqnr_db(p: Pair) -> float | None:
    nmse = quotient(p.error_squares, p.reference_squares)
    return -10 * math.log10(nmse) if nmse else None


def largest_index(p: Pair) -> int | None:
    places = np.flatnonzero((np.abs(p.error) == p.largest) & p.counts)
    return int(places[0]) if p.n else None


def sums(axis: int, of: Callable[[Pair], Values]) -> Callable[[Pair], Values | None]:
    def along(p: Pair) -> Values | None:
        lines = of(p) ** 2 if axis == 1 else (of(p) ** 2).T
        return np.array([math.fsum(line) for line in lines]) if p.counts.size else None

    return along


EXPECTED: dict[str, Callable[[Pair], Any]] = {
    "n_elements": lambda p: p.counts.size,
    "non_finite_count": lambda p: p.counts.size - p.n,
    "error_squares": lambda p: p.error_squares,
    "reference_squares": lambda p: p.reference_squares,
    "model_squares": lambda p: p.model_squares,
    "products": lambda p: p.products,
    "error_sum": lambda p: p.error_sum,
    "nmse": lambda p: quotient(p.error_squares, p.reference_squares),
    "sqnr_db": sqnr_db,
    "rmse": lambda p: math.sqrt(p.error_squares / p.n) if p.n else None,
    "cosine": lambda p: quotient(p.products, p.size_of_products),
    "bias": lambda p: quotient(p.error_sum, p.n),
    "rescale": lambda p: quotient(p.products, p.model_squares),
    "max_abs_error": lambda p: p.largest if p.n else None,
    "max_abs_error_index": largest_index,
    "unchanged": lambda p: quotient(int(((p.error == 0) & p.counts).sum()), p.n),
    "row_error_squares": sums(1, lambda p: p.error),
    "row_reference_squares": sums(1, lambda p: p.reference),
    "column_error_squares": sums(0, lambda p: p.error),
    "column_reference_squares": sums(0, lambda p: p.reference),
}

# What terms of either sign add up to is right to 1e-9 of what their magnitudes add up to.
SIZES: dict[str, Callable[[Pair], float]] = {
    "products": lambda p: p.size_of_products,
    "cosine": lambda p: 1.0,
    "rescale": lambda p: quotient(p.size_of_products, p.model_squares) or 0.0,
    "error_sum": lambda p: p.size_of_errors,
    "bias": lambda p: quotient(p.size_of_errors, p.n) or 0.0,
    "sqnr_db": lambda p: max(1.0, abs(sqnr_db(p) or 0.0)),
}


def assert_matches_reference(
    reference: npt.NDArray[np.float32], model: npt.NDArray[np.float32], fields: dict[str, Any]
) -> None:
    """Every field of a pair: counts and the largest error exact, all sums to 1e-9."""
    pair = Pair(np.atleast_2d(reference), np.atleast_2d(model))
    for name, of in EXPECTED.items():
        expected = of(pair)
        if isinstance(expected, np.ndarray):
            np.testing.assert_allclose(fields[name], expected, rtol=1e-9, err_msg=name)
        else:
            assert_figure(pair, name, fields.get(name))


def assert_figure(pair: Pair, name: str, figure: float | None) -> None:
    """A field that is no vector: counts and the largest error exact, sums to 1e-9."""
    expected = EXPECTED[name](pair)
    if isinstance(expected, float) and figure is not None and name not in {"max_abs_error", "unchanged"}:
        tolerance = 1e-9 * (SIZES[name](pair) if name in SIZES else abs(expected))
        assert abs(figure - expected) <= tolerance, (name, figure, expected)
    else:
        assert figure == expected, (name, figure, expected)
