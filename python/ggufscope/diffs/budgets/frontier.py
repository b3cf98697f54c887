"""The choice of one option for each tensor: least cost within a number of bytes, exactly.

Costs add up, and so does size. The lower convex hull of each tensor's options, all steps of all hulls in the order of
cost saved per byte, is the curve that no choice is below (Lagrange); its corners are choices. Between two corners, and
for options that lie above their hulls, tensors are added one by one: of all sums the Pareto-optimal ones are kept, less
those that cannot beat the best choice at hand, by the curve of the tensors that are still to come.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ...arrays.floats import Floats

    Integers = npt.NDArray[np.int64]

_MOST_STATES = 60_000  # sums that are kept at a time: some megabytes for each tensor
_ROUNDING = 1e-12  # of sums of costs


class Options(NamedTuple):
    """The options of one tensor: bytes and cost of each, in any order."""

    n_bytes: Integers
    costs: Floats


class Choice(NamedTuple):
    """An option for each tensor.

    Attributes:
        picks: the number of each tensor's option.
        n_bytes: of all.
        cost: of all.
        exact: whether no other choice within the budget costs less; False where sums were too many to keep all.
    """

    picks: list[int]
    n_bytes: int
    cost: float
    exact: bool = True


class Step(NamedTuple):
    """A step of one hull: from one option of a tensor to a larger one."""

    tensor: int
    pick: int
    n_bytes: int
    saved: float


def hull(options: Options) -> list[int]:
    """The numbers of the options on the lower convex hull, from the smallest on; each costs less than the one before.

    >>> hull(Options(np.array([4, 1, 2, 3]), np.array([0.0, 9.0, 8.0, 1.0])))
    [1, 3, 0]
    """
    corners: list[int] = []
    for each in np.lexsort((options.costs, options.n_bytes)):
        if corners and options.costs[each] >= options.costs[corners[-1]]:
            continue
        while len(corners) > 1 and _is_above(options, corners[-2], corners[-1], each):
            corners.pop()
        corners.append(int(each))
    return corners


def _is_above(options: Options, left: int, middle: int, right: int) -> bool:
    """Whether an option is on or above the line between two others."""
    run, rise = options.n_bytes[right] - options.n_bytes[left], options.costs[right] - options.costs[left]
    at = options.costs[left] + rise * (options.n_bytes[middle] - options.n_bytes[left]) / run
    return bool(options.costs[middle] >= at)


def steps(tensors: Sequence[Options]) -> tuple[list[int], list[Step]]:
    """The smallest option of each tensor, and all steps of all hulls, the one that saves the most per byte first."""
    smallest, ladder = [], []
    for number, options in enumerate(tensors):
        corners = hull(options)
        smallest.append(corners[0])
        for before, after in pairwise(corners):
            extra = int(options.n_bytes[after] - options.n_bytes[before])
            ladder.append(Step(number, after, extra, float(options.costs[before] - options.costs[after])))
    # A hull's own steps save ever less per byte, so that they stay in their order.
    return smallest, sorted(ladder, key=lambda step: -step.saved / step.n_bytes)


def corners(tensors: Sequence[Options]) -> list[Choice]:
    """The choices on the curve, from the smallest to that of least cost."""
    picks, ladder = steps(tensors)
    choices = [_choice(tensors, picks)]
    for step in ladder:
        picks = [*picks]
        picks[step.tensor] = step.pick
        last = choices[-1]
        choices.append(Choice(picks, last.n_bytes + step.n_bytes, last.cost - step.saved))
    return [_choice(tensors, choice.picks) for choice in choices]


def least_cost(tensors: Sequence[Options], budget: int, known: Sequence[Sequence[int]] = ()) -> Choice:
    """The choice of least cost within a number of bytes; of those that cost the same, a smallest one.

    Args:
        tensors: options of each.
        budget: bytes of all.
        known: choices at hand, the best of which within the budget is at least reached.

    Raises:
        ValueError: Even the smallest options take more.
    """
    best = _incumbent(tensors, budget, known)
    order = sorted(range(len(tensors)), key=lambda number: -_extent(tensors[number]))
    return _completed(tensors, order, budget, best)


def _extent(options: Options) -> float:
    """How much the choice of an option matters: those of wide range first leave little to bound."""
    return float(options.costs.max() - options.costs.min())


def _choice(tensors: Sequence[Options], picks: Sequence[int]) -> Choice:
    n_bytes = sum(int(each.n_bytes[pick]) for each, pick in zip(tensors, picks, strict=True))
    return Choice(list(picks), n_bytes, float(sum(each.costs[pick] for each, pick in zip(tensors, picks, strict=True))))


def _incumbent(tensors: Sequence[Options], budget: int, known: Sequence[Sequence[int]]) -> Choice:
    """The best choice at hand: steps of the curve as far as they fit, or one that is known.

    Raises:
        ValueError: Even the smallest options take more.
    """
    picks, ladder = steps(tensors)
    smallest = _choice(tensors, picks)
    if smallest.n_bytes > budget:
        raise ValueError(f"the smallest mix takes {smallest.n_bytes} bytes, and the budget is {budget}")
    left, stopped = budget - smallest.n_bytes, set[int]()
    for step in ladder:
        if step.tensor in stopped or step.n_bytes > left:
            stopped.add(step.tensor)  # its later steps begin where this one ends
            continue
        picks[step.tensor] = step.pick
        left -= step.n_bytes
    choices = [_choice(tensors, each) for each in [picks, *known]]
    return min((each for each in choices if each.n_bytes <= budget), key=lambda each: (each.cost, each.n_bytes))


class _Stage(NamedTuple):
    """The sums that were kept when a tensor was added: which sum before it each extends, and by which option."""

    parents: npt.NDArray[np.int32]
    picks: npt.NDArray[np.int16]


def _completed(tensors: Sequence[Options], order: Sequence[int], budget: int, best: Choice) -> Choice:
    """The best choice, from sums over ever more tensors."""
    curves = _curves(tensors, order)
    n_bytes, costs = np.zeros(1, np.int64), np.zeros(1)
    stages: list[_Stage] = []
    exact = True
    for place, number in enumerate(order):
        options = tensors[number]
        all_bytes = (n_bytes[:, None] + options.n_bytes[None, :]).reshape(-1)
        all_costs = (costs[:, None] + options.costs[None, :]).reshape(-1)
        bound = all_costs + _least(curves[place + 1], budget - all_bytes)
        kept = np.flatnonzero(bound <= best.cost + _ROUNDING * (1 + abs(best.cost)))
        kept = kept[_pareto(all_bytes[kept], all_costs[kept])]
        if len(kept) > _MOST_STATES:
            exact = False
            kept = np.sort(kept[np.argpartition(bound[kept], _MOST_STATES)[:_MOST_STATES]])
        if not len(kept):
            return best._replace(exact=exact)
        width = len(options.costs)
        stages.append(_Stage((kept // width).astype(np.int32), (kept % width).astype(np.int16)))
        n_bytes, costs = all_bytes[kept], all_costs[kept]
    last = int(np.lexsort((n_bytes, costs))[0])
    completed = _choice(tensors, _traced(stages, order, last))
    return min(completed, best, key=lambda each: (each.cost, each.n_bytes))._replace(exact=exact)


def _traced(stages: Sequence[_Stage], order: Sequence[int], state: int) -> list[int]:
    """The options behind a sum."""
    picks = [0] * len(order)
    for stage, number in zip(reversed(stages), reversed(order), strict=True):
        picks[number] = int(stage.picks[state])
        state = int(stage.parents[state])
    return picks


def _pareto(n_bytes: Integers, costs: Floats) -> npt.NDArray[np.intp]:
    """The positions of sums that no other beats in size and cost, by size."""
    order = np.lexsort((costs, n_bytes))
    lowest = np.minimum.accumulate(costs[order])
    is_new = np.ones(len(order), bool)
    is_new[1:] = costs[order][1:] < lowest[:-1]
    return order[is_new]


class _Curve(NamedTuple):
    """The curve of some tensors: corners by size."""

    n_bytes: Floats
    costs: Floats


def _curves(tensors: Sequence[Options], order: Sequence[int]) -> list[_Curve]:
    """The curve of all tensors, of all but the first in this order, and so on; at last of none."""
    curves = [_Curve(np.zeros(1), np.zeros(1))]
    ladder: list[tuple[float, float]] = []
    base_bytes = base_cost = 0.0
    for number in reversed(order):
        first, own = steps([tensors[number]])
        base_bytes += float(tensors[number].n_bytes[first[0]])
        base_cost += float(tensors[number].costs[first[0]])
        ladder = sorted([*ladder, *((float(step.n_bytes), step.saved) for step in own)], key=lambda s: -s[1] / s[0])
        sizes = np.array([base_bytes, *(step[0] for step in ladder)]).cumsum()
        costs = np.array([base_cost, *(-step[1] for step in ladder)]).cumsum()
        curves.append(_Curve(sizes, costs))
    return curves[::-1]


def _least(curve: _Curve, left: Integers) -> Floats:
    """What the tensors of a curve cost at least with so many bytes; infinitely much with fewer than they take."""
    costs = np.interp(left, curve.n_bytes, curve.costs)
    return np.where(left < curve.n_bytes[0], np.inf, costs)
