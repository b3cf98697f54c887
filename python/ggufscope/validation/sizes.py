"""Errors of predicted sizes, beside those of a single number for all points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .estimates import estimate, undecided, verdict_of
from .quantity_document import Estimate, Size, widest
from .resampling import interval, resampled_points

if TYPE_CHECKING:
    from ..arrays.floats import Floats

FEWEST_FOR_VERDICT = 8  # points; fewer agree or differ by chance, whatever the prompts

CLOSER, FURTHER = "closer than a constant", "further off than a constant"


def size_of(predicted: Floats, rows: Floats, *, relative: bool, per: str, seed: int = 0) -> Size | None:
    """Errors of a prediction.

    Args:
        predicted: at each point, (n,).
        rows: measured, then over resamples, (1 + m, n).
        relative: errors relative to what was measured, which is above 0; else differences.
        per: whether the points are layers or heads.
        seed: of resampled points.

    Returns:
        None where there is no point, nothing but zeros was measured at one, or an error is beyond any number.
    """
    if predicted.size == 0 or (relative and not (rows[0] > 0).all()):
        return None
    errors = _errors(predicted[None], rows, relative)
    magnitudes = np.abs(errors)
    beside = np.abs(_errors(np.median(rows, axis=1, keepdims=True), rows, relative))
    medians, constants = np.median(magnitudes, axis=1), np.median(beside, axis=1)
    with np.errstate(invalid="ignore"):  # likewise
        differences = medians - constants
    series = (errors.mean(axis=1), magnitudes.mean(axis=1), medians, differences)
    mean, mean_absolute, median_absolute, difference = map(estimate, series)
    if mean is None or mean_absolute is None or median_absolute is None or difference is None:
        return None
    drawn = resampled_points(predicted.size, seed)
    over_drawn = np.median(magnitudes[0][drawn], axis=1) - np.median(beside[0][drawn], axis=1)
    over_points = Estimate(difference.value, *interval(over_drawn))
    enough, across = predicted.size >= FEWEST_FOR_VERDICT, undecided(predicted.size, per)
    return Size(
        kind="relative" if relative else "difference",
        mean=mean,
        mean_absolute=mean_absolute,
        lowest=float(errors[0].min()),
        highest=float(errors[0].max()),
        constant=float(constants[0]),
        against_constant=difference,
        over_points=over_points,
        verdict=verdict_of(FURTHER, across, CLOSER, widest(difference, over_points)) if enough else None,
        median_absolute=median_absolute,
    )


def _errors(predicted: Floats, rows: Floats, relative: bool) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample of nothing but zeros is left out as undefined
        errors: Floats = predicted / rows - 1 if relative else predicted - rows
    return errors
