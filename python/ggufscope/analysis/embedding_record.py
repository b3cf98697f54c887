"""The record of the rows of an embedding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..architecture.limits import NotApplicableError
from .embedding_document import Distribution, EmbeddingRecord

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .standouts import Weights
    from .standouts.embedding_rows import EmbeddingRows

BINS = 40


def record_embedding(weights: Weights) -> EmbeddingRecord | None:
    """The record of a model's embedding; None where it has none, or where the weights are not at hand."""
    try:
        rows = weights.embedding
    except NotApplicableError:
        return None
    return _record(rows)


def _record(rows: EmbeddingRows) -> EmbeddingRecord:
    finite = np.isfinite(rows.norms)
    long = finite & (rows.norms > 0)
    mean_norm = float(rows.norms[finite].mean()) if finite.any() else 0.0
    share = rows.mean_norm / mean_norm if mean_norm > 0 else math.nan
    return EmbeddingRecord(
        n_rows=len(rows.norms),
        width=rows.width,
        n_zero=int((rows.norms == 0).sum()),
        n_not_finite=int((~finite).sum()),
        n_alike=len(rows.alike),
        n_identical=sum(map(len, rows.equal)),
        common_share=share if math.isfinite(share) else None,
        norms=_distribution(rows.norms[long]),
        cosines=_distribution(rows.with_mean[long & np.isfinite(rows.with_mean)]),
    )


def _distribution(values: Floats) -> Distribution | None:
    if not len(values):
        return None
    counts, edges = np.histogram(values, BINS)
    return Distribution(edges.tolist(), counts.tolist(), float(np.median(values)))
