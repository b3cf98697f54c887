"""Whether runs of weights lie on the few levels of a coarser type: the exact test, one run at a time.

A weight that a coarser type once held is one of its levels, `step · level`, or `step · level + offset`. The type that
holds it now has moved it by half of its own step at most:

    levels of a Q4_0    ·       ·       ·       ·       ·          16 of them
    codes of a Q8_0   ·················································
                            ±½          each weight within half a code of some level

A run (16 or 32 weights that shared one step) fits if one step, and offset, puts every weight within its tolerance of a
level. Weights that never were on such levels fit by chance with a probability that follows from the tolerances alone:
the product over the weights of the share of the line that tolerances cover, times the number of steps that are tried. A
run whose probability is not small is left undecided, so that a share of runs that fit means what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arrays.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

_MOST_CHANCE = 1e-6  # of a run that is decided
UNDECIDED, MISFIT, FIT = 0, 1, 2


@dataclass(frozen=True)
class Lattice:
    """Levels that a run of weights of a coarser type may have.

    Attributes:
        types: names of the types that have such levels.
        levels: in units of the step, ascending; with an offset they begin at 0.
        run: weights that share a step.
        has_offset: whether 0 need not be a level.
    """

    types: tuple[str, ...]
    levels: tuple[int, ...]
    run: int
    has_offset: bool = False


def _range(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


# The coarsest first. Codebooks of vectors (IQ1, IQ2, IQ3) have no levels of single weights.
LATTICES = (
    Lattice(("TQ1_0", "TQ2_0"), (-1, 0, 1), 32),
    Lattice(("Q2_K",), _range(0, 3), 16, has_offset=True),
    Lattice(("Q3_K",), _range(-4, 3), 16),
    Lattice(("MXFP4", "NVFP4"), (-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12), 16),
    Lattice(("Q4_0",), _range(-8, 7), 32),
    Lattice(("IQ4_NL", "IQ4_XS"), (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113), 32),
    Lattice(("Q4_1", "Q4_K"), _range(0, 15), 32, has_offset=True),
    Lattice(("Q5_0",), _range(-16, 15), 32),
    Lattice(("Q5_1", "Q5_K"), _range(0, 31), 32, has_offset=True),
    Lattice(("Q6_K",), _range(-32, 31), 16),
    Lattice(("Q8_0",), _range(-127, 127), 32),
)


def fits(
    weights: npt.NDArray[np.float64], tolerances: npt.NDArray[np.float64], lattice: Lattice
) -> npt.NDArray[np.int8]:
    """Which runs fit a lattice.

    Args:
        weights: (runs, `lattice.run`), as decoded.
        tolerances: likewise; how far each weight may lie from what it was made of.
        lattice: of the coarser type.

    Returns:
        `FIT`, `MISFIT` or `UNDECIDED` for each run. Runs of one value, or with a NaN or Inf, are undecided.
    """
    levels = np.array(lattice.levels, np.float64)
    out = np.zeros(len(weights), np.int8)
    _fit_runs(weights, tolerances, levels, lattice.has_offset, out)
    return out


@compiled
def _fit_runs(
    weights: npt.NDArray[np.float64],
    tolerances: npt.NDArray[np.float64],
    levels: npt.NDArray[np.float64],
    has_offset: bool,
    out: npt.NDArray[np.int8],
) -> None:
    n_runs, n = weights.shape
    gap = levels[1] - levels[0]
    for i in range(2, levels.size):
        gap = min(gap, levels[i] - levels[i - 1])
    values, widths, order = np.empty(n), np.empty(n), np.empty(n, np.int64)
    for run in range(n_runs):
        usable, lowest = True, 0
        for i in range(n):
            usable = usable and np.isfinite(weights[run, i]) and np.isfinite(tolerances[run, i])
            if weights[run, i] < weights[run, lowest]:
                lowest = i
        for i in range(n):
            values[i], widths[i] = weights[run, i], tolerances[run, i]
            if has_offset:  # measured from the lowest weight, which is a level, too
                values[i] -= weights[run, lowest]
                widths[i] += tolerances[run, lowest]
        if not usable:
            continue
        _sort_by_size(values, order)  # the larger a weight, the closer it holds the step
        most = order[0]
        n_weighed, log_widths = _weighed(values, widths, order)
        chance = 0.0
        for level in levels:
            if level != 0.0 and values[most] != 0.0:
                chance += np.exp(log_widths - n_weighed * np.log(abs(values[most] / level) * gap))
        if n_weighed == 0 or chance >= _MOST_CHANCE:
            continue
        out[run] = MISFIT
        for level in levels:
            if level != 0.0 and _fits_step(values, widths, order, levels, level):
                out[run] = FIT
                break


@compiled
def _sort_by_size(values: npt.NDArray[np.float64], order: npt.NDArray[np.int64]) -> None:
    """Insertion sort, the largest |value| first; numba compiles NumPy's for seconds."""
    for i in range(values.size):
        at = i
        while at > 0 and abs(values[order[at - 1]]) < abs(values[i]):
            order[at] = order[at - 1]
            at -= 1
        order[at] = i


@compiled
def _weighed(
    values: npt.NDArray[np.float64], widths: npt.NDArray[np.float64], order: npt.NDArray[np.int64]
) -> tuple[int, float]:
    """How many weights tell something, and the sum of the logarithms of what their tolerances cover.

    The largest chose the step, and the next narrows it; a zero is always a level.
    """
    count, logarithms = 0, 0.0
    for i in order[2:]:
        if abs(values[i]) > widths[i]:
            count += 1
            logarithms += np.log(2.0 * widths[i])
    return count, logarithms


@compiled
def _fits_step(
    values: npt.NDArray[np.float64],
    widths: npt.NDArray[np.float64],
    order: npt.NDArray[np.int64],
    levels: npt.NDArray[np.float64],
    of_largest: float,
) -> bool:
    """Whether a step puts every value on a level, and the largest on `of_largest`; each value narrows the range."""
    step, slack = values[order[0]] / of_largest, widths[order[0]] / abs(of_largest)
    low, high = step - slack, step + slack
    for i in order:
        level = levels[_nearest(levels, values[i] / (0.5 * (low + high)))]
        if level == 0.0:
            if abs(values[i]) > widths[i]:
                return False
            continue
        one, other = (values[i] - widths[i]) / level, (values[i] + widths[i]) / level
        low, high = max(low, min(one, other)), min(high, max(one, other))
        if low > high:
            return False
    return True


@compiled
def _nearest(levels: npt.NDArray[np.float64], value: float) -> int:
    low, high = 0, levels.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if levels[middle] <= value:
            low = middle
        else:
            high = middle
    return low if value - levels[low] < levels[high] - value else high
