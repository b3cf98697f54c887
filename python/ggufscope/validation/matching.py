"""Entropies at matched positions: the bands that a trace and the probe that is to predict it both have.

The entropy of a head depends on the position, and so does the order of heads: a probe that is shorter or longer than
the prompts is compared where both have been, weighted by the positions of the prompts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..runtime.bands import bands_of

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from ..runtime.bands import Band
    from ..runtime.trace_result import Trace

ENTROPY = "entropy_share"


@dataclass(frozen=True, eq=False)
class Matching:
    """The bands in which entropies are compared.

    Attributes:
        bands: of trace and probe, the first one first.
        whole: whether the trace has no others.
        weights: share of each in the positions of the trace, mean over its prompts, (bands,).
    """

    bands: tuple[Band, ...]
    whole: bool
    weights: Floats

    @property
    def positions(self) -> str:
        """The positions in words, behind the definition of a figure."""
        return f"in the positions {self.bands[0].first} to {self.bands[-1].last}, which the probe has, too"


def match(trace: Trace, probe: Trace | None) -> Matching | None:
    """The bands that both have; None without a probe, or where they share none."""
    own = bands_of(trace)
    shared = () if probe is None else tuple(band for band in own if band in bands_of(probe))
    if not shared:
        return None
    counts = _counts(trace, shared)
    there = counts.sum(axis=1) > 0
    shares = counts[there] / counts[there].sum(axis=1, keepdims=True)
    return Matching(shared, shared == own, shares.mean(axis=0)) if there.any() else None


def measured_entropy(trace: Trace, matching: Matching | None) -> Floats | None:
    """Entropy of what is to be predicted, (prompts, layers, heads), at the positions compared; None: at all of them."""
    if matching is None or matching.whole:
        return None
    return _weighted(trace, matching.bands, _counts(trace, matching.bands))


def predicted_entropy(probe: Trace, matching: Matching | None) -> Floats | None:
    """Entropy of the probe, (sequences, layers, heads), weighted by positions of the trace; None: over all its own."""
    if matching is None:
        return None
    there = _counts(probe, matching.bands) > 0
    return _weighted(probe, matching.bands, np.where(there, matching.weights, 0.0))


def _counts(trace: Trace, bands: tuple[Band, ...]) -> Floats:
    """Positions of each prompt in each band, (prompts, bands)."""
    lengths = np.array([len(prompt.token_ids) for prompt in trace.document.prompts])[:, None]
    first, last = (np.array([getattr(band, end) for band in bands]) for end in ("first", "last"))
    counts: Floats = np.maximum(np.minimum(last, lengths - 1) - first + 1, 0).astype(np.float64)
    return counts


def _weighted(trace: Trace, bands: tuple[Band, ...], weights: Floats) -> Floats:
    """The mean of bands by weights (prompts, bands); NaN where they are all 0, or a band that counts is undefined."""
    total = np.zeros(trace.head_figure(ENTROPY).shape)
    for band, weight in zip(bands, weights.T, strict=True):
        share = weight[:, None, None]
        total += np.where(share > 0, share * trace.head_figure(band.figure), 0.0)
    sums = weights.sum(axis=1)[:, None, None]
    mean: Floats = np.divide(total, sums, out=np.full(total.shape, np.nan), where=sums > 0)
    return mean
