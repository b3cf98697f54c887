"""Statistics of importance matrices, as `llama-imatrix --show-statistics` defines them, in float64.

Of the mean squares v = E[x²] of all columns of a tensor, those of experts without data left out:

    sum, min, max, mean, deviation    of v; the deviation is √(mean(v²) − mean(v)²)
    active                            share of v > 1e-5
    entropy                           −Σ p log₂ p with p = v / Σ v
    normalized_entropy                entropy / log₂ n: 1 where all columns weigh the same
    zd                                share of (v − mean) / deviation > 1
    cosine                            between v and that of the same tensor one block before; experts without data are 0
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...loading import lazy
from ..roles import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from .importance import Importance, Sums
else:
    np = lazy("numpy")

ACTIVE = 1e-5
_BLOCK = re.compile(r"(?<![a-z0-9_])blk\.(\d{1,6})\.")


@dataclass(frozen=True)
class ImportanceStatistics:
    """Statistics of what an importance matrix holds of one tensor; see the module. None where nothing can be said.

    Attributes:
        name: of the tensor in the model.
        layer: of it, None outside the layers.
        role: of it, None for a name that says nothing.
        n_matrices: that have sums of their own.
        n_columns: of each.
        n_tokens: summed over, of the matrix that saw the most; chunks in the form `.dat`.
        without_data: numbers of the matrices that saw none.
    """

    name: str
    layer: int | None
    role: str | None
    n_matrices: int
    n_columns: int
    n_tokens: int
    without_data: list[int]
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    deviation: float | None = None
    active: float | None = None
    entropy: float | None = None
    normalized_entropy: float | None = None
    zd: float | None = None
    cosine: float | None = None


def statistics_of(importance: Importance) -> Iterator[ImportanceStatistics]:
    """The statistics of each tensor, in the order of the file; one tensor and the one before it are in memory.

    Raises:
        ImportanceError: The file changed since it was opened.
        GGUFError: It shrank.
    """
    for sums in importance.sums.values():
        at = place(sums.name)
        means = sums.mean_squares()
        yield ImportanceStatistics(
            sums.name,
            at.layer,
            at.role,
            sums.n_matrices,
            sums.n_columns,
            int(sums.counts.max()),
            sums.without_data,
            **_figures(means[sums.counts > 0].reshape(-1)),
            cosine=_cosine(means, importance.sums.get(one_block_before(sums.name) or "")),
        )


def one_block_before(name: str) -> str | None:
    """The name of the same tensor one block before; None for the first, and outside blocks.

    >>> one_block_before("blk.10.attn_q.weight"), one_block_before("blk.0.attn_q.weight")
    ('blk.9.attn_q.weight', None)
    """
    match = _BLOCK.search(name)
    if match is None or int(match[1]) == 0:
        return None
    return f"{name[: match.start(1)]}{int(match[1]) - 1}{name[match.end(1) :]}"


def _figures(v: npt.NDArray[np.float64]) -> dict[str, float | None]:
    """All statistics of one tensor's mean squares by itself; nothing of none."""
    if not v.size:
        return {}
    total, mean = float(v.sum()), float(v.mean())
    deviation = float(np.sqrt(max(0.0, float(np.square(v).mean()) - mean * mean)))
    entropy = _entropy(v / total) if total > 0 else 0.0
    return {
        "sum": total,
        "min": float(v.min()),
        "max": float(v.max()),
        "mean": mean,
        "deviation": deviation,
        "active": float(np.mean(v > ACTIVE)),
        "entropy": entropy,
        "normalized_entropy": entropy / float(np.log2(v.size)) if v.size > 1 else None,
        "zd": float(np.mean((v - mean) / deviation > 1)) if deviation > 0 else 0.0,
    }


def _entropy(shares: npt.NDArray[np.float64]) -> float:
    positive = shares[shares > 0]
    return float(-(positive * np.log2(positive)).sum())


def _cosine(means: npt.NDArray[np.float64], before: Sums | None) -> float | None:
    """The cosine with the same tensor one block before; None where that is of another shape, or either is all zeros."""
    if before is None or (before.n_matrices, before.n_columns) != means.shape:
        return None
    a, b = (np.nan_to_num(each.reshape(-1), nan=0.0) for each in (means, before.mean_squares()))
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(float(a @ b) / norms, -1.0, 1.0)) if norms > 0 else None
