"""The choice of least cost within a budget: as exhaustive search finds it, and never worse than what is at hand."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggufscope.diffs.budgets.frontier import Options, corners, hull, least_cost


def options(sizes: list[int], costs: list[float]) -> Options:
    return Options(np.array(sizes, np.int64), np.array(costs, np.float64))


some = st.lists(
    st.integers(1, 5).flatmap(
        lambda n: st.tuples(
            st.lists(st.integers(1, 40), min_size=n, max_size=n),
            st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.25, 3.0, 7.0, 7.125, 20.0, 1e-6]), min_size=n, max_size=n),
        )
    ),
    min_size=1,
    max_size=5,
)


def exhaustive(tensors: list[Options], budget: int) -> tuple[float, int] | None:
    """The least cost within a budget, and the least size that has it; None where nothing fits."""
    found = []
    for picks in itertools.product(*(range(len(each.costs)) for each in tensors)):
        size = sum(int(each.n_bytes[pick]) for each, pick in zip(tensors, picks, strict=True))
        if size <= budget:
            found.append((sum(float(each.costs[pick]) for each, pick in zip(tensors, picks, strict=True)), size))
    return min(found, default=None)


@settings(max_examples=120, deadline=None)
@given(some, st.integers(0, 200))
def test_it_is_what_exhaustive_search_finds(raw: list[tuple[list[int], list[float]]], budget: int) -> None:
    tensors = [options(*each) for each in raw]
    best = exhaustive(tensors, budget)
    if best is None:
        with pytest.raises(ValueError, match="the smallest mix takes"):
            least_cost(tensors, budget)
        return
    choice = least_cost(tensors, budget)
    assert choice.exact
    assert choice.n_bytes <= budget
    assert choice.cost == pytest.approx(best[0], abs=1e-9)
    sizes = [int(each.n_bytes[pick]) for each, pick in zip(tensors, choice.picks, strict=True)]
    assert sum(sizes) == choice.n_bytes


@settings(max_examples=60, deadline=None)
@given(some)
def test_corners_are_choices_that_no_other_beats(raw: list[tuple[list[int], list[float]]]) -> None:
    tensors = [options(*each) for each in raw]
    points = corners(tensors)
    assert points[-1].cost == pytest.approx(sum(float(each.costs.min()) for each in tensors))
    for before, after in itertools.pairwise(points):
        assert after.n_bytes > before.n_bytes
        assert after.cost < before.cost
    for point in points:
        best = exhaustive(tensors, point.n_bytes)
        assert best is not None
        assert point.cost == pytest.approx(best[0], abs=1e-9)


def test_a_hull_leaves_out_what_lies_above_it() -> None:
    """The third option costs less than the second by less than its share; the fifth costs more than the fourth."""
    assert hull(options([10, 20, 30, 40, 50], [9.0, 4.0, 3.9, 1.0, 2.0])) == [0, 1, 3]


def mixed(seed: int, tensors: int) -> list[Options]:
    """Tensors of a large model: of few sizes, with the bits of usual types and costs that fall with them."""
    chance = np.random.default_rng(seed)
    bits = np.array([3.4375, 4.25, 4.5, 5.5, 6.5625, 8.5])
    sizes = chance.choice([4096 * 4096, 1024 * 4096, 14336 * 4096], tensors)
    error = np.array([2.3e-2, 5.9e-3, 5.1e-3, 1.3e-3, 3.2e-4, 2.9e-5])
    return [
        Options(
            (size * bits / 8).astype(np.int64),
            chance.lognormal(0, 2) * error * chance.uniform(0.7, 1.3, len(bits)),
        )
        for size in sizes
    ]


@pytest.mark.parametrize("seed", range(3))
def test_large_models_take_seconds_and_lie_on_the_curve(seed: int) -> None:
    tensors = mixed(seed, 224)
    points = corners(tensors)
    budget = (points[0].n_bytes + points[-1].n_bytes) // 2
    started = time.process_time()
    choice = least_cost(tensors, budget)
    assert time.process_time() - started < 20
    inside = max((point for point in points if point.n_bytes <= budget), key=lambda point: point.n_bytes)
    outside = min((point for point in points if point.n_bytes > budget), key=lambda point: point.n_bytes)
    line = inside.cost + (outside.cost - inside.cost) * (budget - inside.n_bytes) / (outside.n_bytes - inside.n_bytes)
    assert line * (1 - 1e-9) <= choice.cost <= inside.cost
    assert choice.n_bytes <= budget


def test_a_known_choice_is_at_least_reached() -> None:
    tensors = mixed(9, 40)
    chance = np.random.default_rng(1)
    for _ in range(10):
        picks = [int(chance.integers(6)) for _ in tensors]
        size = sum(int(each.n_bytes[pick]) for each, pick in zip(tensors, picks, strict=True))
        cost = sum(float(each.costs[pick]) for each, pick in zip(tensors, picks, strict=True))
        assert least_cost(tensors, size, [picks]).cost <= cost * (1 + 1e-12)
        assert least_cost(tensors, size).cost <= cost * (1 + 1e-12)
