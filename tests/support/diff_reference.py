"""The oracle of diffs: the record of a pair of tensors by NumPy in float64, from the definitions alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from support.pair_reference import EXPECTED, Pair, assert_figure

if TYPE_CHECKING:
    from ggufscope.diffs.records import PartError, TensorDiff

Floats = npt.NDArray[np.float32]

_WORST = 5


def assert_right(tensor: TensorDiff, reference: Floats, model: Floats, *, in_experts: bool = False) -> None:
    """Every figure of a pair, from its decoded weights; NaN and Inf are left out."""
    pair = Pair(np.atleast_2d(reference), np.atleast_2d(model))
    for name in EXPECTED:
        if hasattr(tensor, name) and name != "max_abs_error_index":
            assert_figure(pair, name, getattr(tensor, name))
    place = EXPECTED["max_abs_error_index"](pair)
    expected = None if place is None else [int(i) for i in np.unravel_index(place, model.shape)]
    assert tensor.max_abs_error_index == expected
    if model.ndim > 1:
        _assert_rows(tensor, pair, model.shape[1] if in_experts else None)


def _assert_rows(tensor: TensorDiff, pair: Pair, rows_of_expert: int | None) -> None:
    errors, squares = (side.reshape(-1, side.shape[-1]) ** 2 for side in (pair.error, pair.reference))
    sums = [(math.fsum(error), math.fsum(square)) for error, square in zip(errors, squares, strict=True)]
    assert tensor.changed_rows == sum(error > 0 for error, _ in sums)
    ratios = [error / square for error, square in sums if square > 0]
    assert_close(tensor.row_nmse_median, float(np.median(ratios)) if ratios else None)
    experts = [(None, row) if rows_of_expert is None else divmod(row, rows_of_expert) for row in range(len(sums))]
    assert [(each.expert, each.index) for each in tensor.worst_rows] == [experts[row] for row in worst(sums)]
    assert_parts(tensor.worst_rows, [sums[row] for row in worst(sums)], math.fsum(error for error, _ in sums))


def worst(sums: Sequence[tuple[float, float]]) -> list[int]:
    """The numbers of the parts with the largest error over square, the worst first."""
    wrong = [part for part, (error, _) in enumerate(sums) if error > 0]
    return sorted(wrong, key=lambda part: -(sums[part][0] / sums[part][1] if sums[part][1] else math.inf))[:_WORST]


def assert_parts(parts: Sequence[PartError], sums: Sequence[tuple[float, float]], total: float) -> None:
    """Their nmse and their share of the error."""
    for part, (error, square) in zip(parts, sums, strict=True):
        assert_close(part.nmse, error / square if square else None)
        assert_close(part.error_share, error / total)


def assert_close(figure: float | None, expected: float | None) -> None:
    """Equal to 1e-9 relative, or both undefined."""
    if figure is None or expected is None:
        assert figure is expected
    else:
        assert abs(figure - expected) <= 1e-9 * abs(expected), (figure, expected)
