"""Every statistic of the profile against the oracle, on ordinary and on hard matrices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ggufscope import _core
from support.observing import assert_matches_reference, observe
from support.reference import EXPECTED, scale_statistics

RNG = np.random.default_rng(20240607)
GAUSSIAN = RNG.standard_normal((37, 129))


def with_outlier(sigma: float) -> npt.NDArray[np.float64]:
    matrix = GAUSSIAN.copy()
    matrix[11, 7] = sigma
    return matrix


def strange(values: list[float]) -> npt.NDArray[np.float64]:
    matrix = GAUSSIAN.copy()
    matrix.flat[: 50 * len(values) : 50] = values
    return matrix


def constant_but_for_one(value: float, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """The smallest spread there is: one element has the next float32."""
    matrix = np.full(shape, value, np.float32)
    matrix[shape[0] // 2, 3] = np.nextafter(np.float32(value), np.float32(np.inf))
    return matrix


HARD = {
    "gaussian": GAUSSIAN,
    "laplace": RNG.laplace(size=(64, 64)),
    "mean far from zero": 1000 + 1e-3 * GAUSSIAN,
    "mean at the limit of float32": 1 + 1e-6 * GAUSSIAN,
    "negative gains": -0.45 + 0.05 * GAUSSIAN,
    "huge": 1e30 * GAUSSIAN,
    "near overflow": 3e37 * GAUSSIAN,
    "tiny": 1e-30 * GAUSSIAN,
    "denormal": 1e-40 * GAUSSIAN,
    "one outlier of a million sigma": with_outlier(1e6),
    "constant": np.full((5, 100), 0.1),
    "constant ones": np.ones((3, 4096)),
    "constant but for one element, in several chunks": constant_but_for_one(0.1, (1500, 1700)),
    "huge and constant but for one element": constant_but_for_one(1e30, (2001, 1333)),
    "zeros": np.zeros((4, 65)),
    "negative zeros": np.full((4, 65), -0.0),
    "signed zeros among numbers": strange([0.0, -0.0]),
    "two values": np.array([[-1.0, 1.0]]),
    "one element": np.array([[2.5]]),
    "one negative element": np.array([[-2.5]]),
    "one zero": np.array([[0.0]]),
    "non-finite among numbers": strange([np.nan, np.inf, -np.inf]),
    "mostly NaN": np.where(RNG.random((40, 200)) < 0.99, np.nan, 1.5),
    "all NaN": np.full((3, 70), np.nan),
    "all Inf": np.full((3, 70), -np.inf),
    "extremes of float32": np.array([[3.4028234e38, -3.4028234e38, 1e-45, -1e-45, 0.0]]),
    "columns narrower than a vector": RNG.standard_normal((1000, 3)),
    "one column": RNG.standard_normal((5000, 1)),
    "one row": RNG.standard_normal((1, 5000)),
    "rows that no tile divides": RNG.standard_normal((7, 2049)),
    "several chunks": RNG.standard_normal((1500, 1500)),
}


@pytest.mark.parametrize("name", HARD)
def test_every_statistic(name: str, isa: str) -> None:
    weights = HARD[name].astype(np.float32)
    assert_matches_reference(weights, observe(weights, isa=isa))


def test_every_field_has_an_oracle() -> None:
    """A statistic that is registered without a line in reference.py fails here."""
    from_histogram = {"quantiles", "near_zero_fraction", "near_zero_edge"}
    from_histogram |= {f"outlier_{part}_{reach}" for part in ("fraction", "low", "high") for reach in (3, 6)}
    of_blocks = set(scale_statistics(np.ones(1, np.float32)))
    of_codes = {"code_saturation", "code_entropy"}
    apart = from_histogram | of_blocks | of_codes | {"beyond_float32_count"}
    assert {field["name"] for field in _core.fields()} == set(EXPECTED) | apart


@given(
    weights=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=60),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    )
)
def test_any_matrix(weights: npt.NDArray[np.float32]) -> None:
    assert_matches_reference(weights, observe(weights))


@given(
    shift=st.floats(-1e4, 1e4),
    spread=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 300)),
)
def test_shifted_and_stretched(shift: float, spread: float, seed: int, shape: tuple[int, int]) -> None:
    weights = (shift + spread * np.random.default_rng(seed).standard_t(3, shape)).astype(np.float32)
    assert_matches_reference(weights, observe(weights))


@pytest.mark.parametrize("threshold", [0.0, 1e-6, 0.3, 1e30])
def test_sparsity_threshold(threshold: float) -> None:
    weights = GAUSSIAN.astype(np.float32)
    weights[3, :50] = 0
    assert_matches_reference(weights, observe(weights, sparsity_threshold=threshold), threshold)


@pytest.mark.parametrize("value", [0.1, 0.0, 1.0, -2.0])  # the last three are bin edges
def test_constant_has_no_shape(value: float) -> None:
    fields = observe(np.full((8, 999), value, dtype=np.float32))
    assert fields["std"] == 0
    assert fields["skewness"] is None
    assert fields["kurtosis"] is None
    assert fields["outlier_fraction_3"] is None  # no bin edge can tell a value from itself
    assert fields["outlier_fraction_6"] is fields["outlier_low_6"] is fields["outlier_high_6"] is None
    assert set(fields["quantiles"]) == {float(np.float32(value))}


def test_no_elements() -> None:
    fields = _core.observe_buffer(np.empty(0, dtype=np.uint8), 0, 0, 64).fields()
    counts = {"n_elements", "nan_count", "inf_count"}
    assert all(fields[name] == 0 for name in counts)
    assert all(value is None for name, value in fields.items() if name not in counts | {"histogram"})
    assert [len(part) for part in fields["histogram"]] == [0, 0]


def test_fast_leaves_out_what_it_says() -> None:
    blocks = RNG.integers(0, 256, 18 * 64, dtype=np.uint8)
    full = _core.observe_buffer(blocks, 2, 2, 1024).fields()
    fast = _core.observe_buffer(blocks, 2, 2, 1024, fast=True).fields()
    registered = {field["name"]: field["fast"] for field in _core.fields()}
    assert set(full) == set(registered) - {"beyond_float32_count"}
    assert set(fast) == {name for name in full if registered[name]}
    assert fast == {name: full[name] for name in fast}


@pytest.mark.parametrize("threshold", [-1e-6, float("nan"), float("inf")])
def test_unusable_threshold(threshold: float) -> None:
    with pytest.raises(ValueError, match="sparsity_threshold"):
        observe(GAUSSIAN.astype(np.float32), sparsity_threshold=threshold)


def test_buffer_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="does not hold 3 x 32 elements of Q4_0"):
        _core.observe_buffer(np.zeros(18, dtype=np.uint8), 2, 3, 32)
