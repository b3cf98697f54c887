"""Figures from sums: of a tensor as the core gives them, and of many tensors added up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .errors_record import Errors

_SUMS = ("error_squares", "reference_squares", "model_squares", "products", "error_sum")
_FIGURES = ("nmse", "sqnr_db", "rmse", "cosine", "bias", "rescale", "max_abs_error", "unchanged")


class Weighted(NamedTuple):
    """Squared errors and squares, each times the mean square of the input of its column."""

    error_squares: float
    reference_squares: float

    def figures(self) -> dict[str, Any]:
        """The fields of `Errors` that are weighted."""
        return {
            "weighted_error_squares": self.error_squares,
            "weighted_reference_squares": self.reference_squares,
            "weighted_nmse": quotient(self.error_squares, self.reference_squares),
        }


def figures_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Errors` from those of the core's pair statistics."""
    return {name: fields[name] for name in ("n_elements", "non_finite_count", *_SUMS, *_FIGURES)}


def no_figures(n_elements: int, n_equal: int) -> dict[str, Any]:
    """The fields of `Errors` of integers, which are equal or not."""
    nothing = dict.fromkeys(_FIGURES) | {"unchanged": quotient(n_equal, n_elements)}
    return {"n_elements": n_elements, "non_finite_count": 0} | dict.fromkeys(_SUMS, 0.0) | nothing


def pooled_figures(members: Sequence[Errors]) -> dict[str, Any]:
    """The fields of `Errors` of all weights of the members together: sums are added without rounding in between."""
    sums = {name: math.fsum(getattr(each, name) for each in members) for name in _SUMS}
    n_elements, non_finite = (
        sum(getattr(each, name) for each in members) for name in ("n_elements", "non_finite_count")
    )
    n = n_elements - non_finite
    equal = sum(round(each.unchanged * (each.n_elements - each.non_finite_count)) for each in members if each.unchanged)
    nmse = quotient(sums["error_squares"], sums["reference_squares"])
    mean = quotient(sums["error_squares"], n)
    largest = [each.max_abs_error for each in members if each.max_abs_error is not None]
    return {
        "n_elements": n_elements,
        "non_finite_count": non_finite,
        **sums,
        "nmse": nmse,
        "sqnr_db": -10 * math.log10(nmse) if nmse else None,
        "rmse": None if mean is None else math.sqrt(mean),
        "cosine": _cosine(sums),
        "bias": quotient(sums["error_sum"], n),
        "rescale": quotient(sums["products"], sums["model_squares"]),
        "max_abs_error": max(largest, default=None),
        "unchanged": quotient(equal, n),
    } | _pooled_weighted(members)


def _cosine(sums: Mapping[str, float]) -> float | None:
    """Rounding takes weights that are equal, or almost, no further than 1; as the core has it."""
    cosine = quotient(sums["products"], math.sqrt(sums["reference_squares"]) * math.sqrt(sums["model_squares"]))
    if cosine is None:
        return None
    return 1.0 if sums["error_squares"] == 0 else min(1.0, max(-1.0, cosine))


def _pooled_weighted(members: Iterable[Errors]) -> dict[str, Any]:
    sums = [
        Weighted(each.weighted_error_squares, each.weighted_reference_squares)
        for each in members
        if each.weighted_error_squares is not None and each.weighted_reference_squares is not None
    ]
    if not sums:
        return {}
    return Weighted(*(math.fsum(side) for side in zip(*sums, strict=True))).figures()


def quotient(above: float, below: float) -> float | None:
    """None where the second is 0."""
    return above / below if below else None
