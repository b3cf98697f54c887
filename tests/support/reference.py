"""The oracle of all statistics: NumPy and math.fsum in float64, two passes, written from the definitions alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
PER_MILLE = (1, 10, 50, 250, 500, 750, 950, 990, 999)
BIN_SHIFT = 18


class Sample:
    """A matrix of decoded weights and what several statistics need of it."""

    def __init__(
        self, weights: npt.NDArray[np.float32], sparsity_threshold: float = 1e-6, beyond_float32: int = 0
    ) -> None:
        self.matrix = np.atleast_2d(np.asarray(weights, dtype=np.float32))
        self.flat = self.matrix.reshape(-1)
        self.threshold = np.float32(sparsity_threshold)
        self.beyond_float32 = beyond_float32  # of the numbers that were rounded to Inf
        self.finite32 = self.flat[np.isfinite(self.flat)]
        self.finite: Values = self.finite32.astype(np.float64)
        self.n = len(self.finite)
        self.mean = math.fsum(self.finite) / self.n if self.n else math.nan
        self.deviations = self.finite - self.mean
        self.variance = self.moment(2)

    def moment(self, order: int) -> float:
        """Central moment. fsum is exact; the deviations carry one rounding each."""
        return math.fsum(self.deviations**order) / self.n if self.n else math.nan

    @property
    def std(self) -> float:
        return math.sqrt(self.variance)

    @property
    def l1(self) -> float:
        return math.fsum(np.abs(self.finite))

    @property
    def l2(self) -> float:
        return math.sqrt(math.fsum(self.finite**2))


def defined(value: float) -> float | None:
    return value if math.isfinite(value) else None


def share(mask: npt.NDArray[np.bool_]) -> float | None:
    return float(np.count_nonzero(mask) / len(mask)) if len(mask) else None


def skewness(s: Sample) -> float | None:
    return s.moment(3) / s.variance**1.5 if s.n and s.variance > 0 else None


def kurtosis(s: Sample) -> float | None:
    return s.moment(4) / s.variance**2 - 3 if s.n and s.variance > 0 else None


def hoyer(s: Sample) -> float | None:
    return (math.sqrt(s.n) - s.l1 / s.l2) / (math.sqrt(s.n) - 1) if s.n > 1 and s.l2 > 0 else None


def abs_max_index(s: Sample) -> int | None:
    if not s.n:
        return None
    magnitude = np.where(np.isfinite(s.flat), np.abs(s.flat), -1)
    return int(np.argmax(magnitude))


def bin_keys(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """The histogram key of each value; −0 counts as 0."""
    index = (np.abs(values).view(np.uint32) >> BIN_SHIFT).astype(np.int32)
    return np.where(values < 0, -1 - index, index).astype(np.int32)


def histogram(s: Sample) -> tuple[list[int], list[int]]:
    keys, counts = np.unique(bin_keys(s.finite32), return_counts=True)
    return keys.tolist(), counts.tolist()


def exact_quantiles(s: Sample) -> npt.NDArray[np.float32] | None:
    """Inverted CDF with integer ranks."""
    if not s.n:
        return None
    ordered = np.sort(s.finite32)
    return ordered[[-(-s.n * p // 1000) - 1 for p in PER_MILLE]]


def squares(s: Sample) -> Values:
    return np.where(np.isfinite(s.matrix), s.matrix, 0).astype(np.float64) ** 2


#: What each scalar or vector field should be; quantiles and edges have checks of their own in the tests.
EXPECTED: dict[str, Callable[[Sample], Any]] = {
    "n_elements": lambda s: s.flat.size,
    "nan_count": lambda s: int(np.isnan(s.flat).sum()),
    "inf_count": lambda s: int(np.isinf(s.flat).sum()) - s.beyond_float32,
    "zero_fraction": lambda s: share(s.finite32 == 0),
    "sparsity": lambda s: share(np.abs(s.finite32) < s.threshold),
    "min": lambda s: float(s.finite.min()) if s.n else None,
    "max": lambda s: float(s.finite.max()) if s.n else None,
    "abs_max": lambda s: float(np.abs(s.finite).max()) if s.n else None,
    "abs_max_index": abs_max_index,
    "mean": lambda s: defined(s.mean),
    "std": lambda s: defined(s.std),
    "rms": lambda s: s.l2 / math.sqrt(s.n) if s.n else None,
    "l1_norm": lambda s: s.l1 if s.n else None,
    "l2_norm": lambda s: s.l2 if s.n else None,
    "skewness": skewness,
    "kurtosis": kurtosis,
    "hoyer": hoyer,
    "row_l2": lambda s: np.sqrt(squares(s).sum(axis=1)),
    "column_l2": lambda s: np.sqrt(squares(s).sum(axis=0)),
    "histogram": histogram,
}


def near_zero_fraction(s: Sample, edge: float) -> float | None:
    return share(np.abs(s.finite) < edge)


def outlier_fraction(s: Sample, low: float, high: float) -> float | None:
    """Share outside the edges; a value on an edge belongs to the side of larger magnitude."""
    below = s.finite <= low if low <= 0 else s.finite < low
    above = s.finite >= high if high >= 0 else s.finite > high
    return share(below | above)


def scale_statistics(scales: npt.NDArray[np.float32]) -> dict[str, float | None]:
    finite = scales[np.isfinite(scales)].astype(np.float64)
    return {
        "block_scale_min": float(finite.min()) if len(finite) else None,
        "block_scale_max": float(finite.max()) if len(finite) else None,
        "block_scale_mean": math.fsum(finite) / len(finite) if len(finite) else None,
        "block_scale_zero_fraction": share(scales == 0),
        "block_scale_nonfinite_fraction": share(~np.isfinite(scales)),
    }


def code_entropy(codes: npt.NDArray[np.integer[Any]]) -> float:
    _, counts = np.unique(codes, return_counts=True)
    p = counts / counts.sum()
    return float(-(p * np.log2(p)).sum())
