"""Running the engine on arrays, and comparing its fields with the oracle to the accuracy that is owed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ggufscope import _core
from support.reference import EXPECTED, Sample, bin_keys, exact_quantiles, near_zero_fraction, outlier_fraction

RELATIVE_9 = ("std", "rms", "l1_norm", "l2_norm")
FLOAT32 = 0


def observe(weights: npt.NDArray[np.float32], **options: Any) -> dict[str, Any]:
    """All fields for a float32 matrix."""
    matrix = np.ascontiguousarray(np.atleast_2d(weights), dtype=np.float32)
    rows, columns = matrix.shape
    blocks = matrix.view(np.uint8).reshape(-1)
    return _core.observe_buffer(blocks, FLOAT32, rows, columns, **options).fields()


def assert_close(name: str, found: Any, expected: Any, sample: Sample) -> None:
    """Counts, extremes and shares exact; sums 1e-9; shape and the norms of rows and columns 1e-6 (docs/metrics.md)."""
    if expected is None:
        assert found is None, name
    elif name in ("row_l2", "column_l2"):
        np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=name)
    elif name == "histogram":
        assert (found[0].tolist(), found[1].tolist()) == expected
    elif name in RELATIVE_9:
        assert found == _approx(expected, 1e-9 * abs(expected)), name
    elif name == "hoyer":  # follows from norms that are right to 1e-9
        root = np.sqrt(sample.n)
        assert found == _approx(expected, 1e-9 * root / (root - 1)), name
    elif name == "mean":
        assert found == _approx(expected, 1e-9 * EXPECTED["rms"](sample)), name
    elif name in ("skewness", "kurtosis"):
        assert found == _approx(expected, 1e-6 + 1e-6 * abs(expected)), name
    else:
        assert found == expected, name


class _approx:
    def __init__(self, value: float, tolerance: float) -> None:
        self.value, self.tolerance = value, tolerance

    def __eq__(self, other: object) -> bool:
        return isinstance(other, float) and abs(other - self.value) <= self.tolerance

    def __repr__(self) -> str:
        return f"{self.value!r} ± {self.tolerance:.3g}"

    __hash__ = None  # type: ignore[assignment]


def assert_matches_reference(weights: npt.NDArray[np.float32], found: dict[str, Any], threshold: float = 1e-6) -> None:
    """Every field of an unquantized matrix against the oracle."""
    sample = Sample(weights, threshold)
    for name, expected in EXPECTED.items():
        assert_close(name, found[name], expected(sample), sample)
    assert_histogram_fields(sample, found)


def assert_histogram_fields(sample: Sample, found: dict[str, Any]) -> None:
    """What is read from the histogram: quantiles within their bin, shares exact at the edges that are reported."""
    quantiles = exact_quantiles(sample)
    if quantiles is None:
        assert found["quantiles"] is None
        assert found["near_zero_fraction"] is None
    else:
        values = found["quantiles"].astype(np.float32)
        np.testing.assert_array_equal(bin_keys(values), bin_keys(quantiles))
        assert sample.finite.min() <= found["quantiles"].min()
        assert found["quantiles"].max() <= sample.finite.max()
        assert found["near_zero_fraction"] == near_zero_fraction(sample, found["near_zero_edge"])
        assert_is_nearest_edge(found["near_zero_edge"], 0.05 * sample.std)
    for reach in (3, 6):
        low, high = found[f"outlier_low_{reach}"], found[f"outlier_high_{reach}"]
        if low is None:
            assert found[f"outlier_fraction_{reach}"] is None
            assert high is None
            continue
        assert found[f"outlier_fraction_{reach}"] == outlier_fraction(sample, low, high)
        assert_is_nearest_edge(low, sample.mean - reach * sample.std)
        assert_is_nearest_edge(high, sample.mean + reach * sample.std)


def assert_is_nearest_edge(edge: float, threshold: float) -> None:
    """`edge` is a float32 whose low 18 bits are 0, and no neighbour of it is nearer to the threshold."""
    bits = int(np.float32(abs(edge)).view(np.uint32))
    assert np.float32(edge) == edge
    assert bits % (1 << 18) == 0
    neighbours = [max(bits - (1 << 18), 0), min(bits + (1 << 18), 0x7F7C0000)]
    distance = abs(abs(edge) - abs(threshold))
    for neighbour in neighbours:
        value = float(np.uint32(neighbour).view(np.float32))
        assert distance <= abs(value - abs(threshold)) * (1 + 1e-9) + 1e-300
