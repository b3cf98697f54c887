"""Intervals by drawing prompts again, and for verdicts layers or heads, too.

Over prompts: how far a number depends on which prompts there happened to be. That says nothing of chance agreement over
few layers or heads: any two orders differ in how well they fit, in every prompt alike. So a verdict takes more: the
difference has to show over resampled points as well. (Layers are no independent samples: that makes such an interval
rough, not useless.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ..arrays.floats import Floats

    Places = npt.NDArray[np.int64]

RESAMPLES = 2000
CONFIDENCE = (0.025, 0.975)
FEWEST_PROMPTS = 5  # of fewer the resamples are too few and too alike to be an interval
_CHUNK = 250
_FEWEST_DEFINED = 0.9  # of the resamples


class Interval(NamedTuple):
    """Ends of a 95 % interval; None where there is none."""

    low: float | None
    high: float | None


NO_INTERVAL = Interval(None, None)


def resampled_prompts(n_prompts: int, seed: int, resamples: int = RESAMPLES) -> Iterator[Places]:
    """Prompts drawn with replacement, (up to 250, n_prompts) at a time; nothing for too few prompts."""
    if n_prompts < FEWEST_PROMPTS:
        return
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, _CHUNK):
        yield rng.integers(0, n_prompts, (min(_CHUNK, resamples - start), n_prompts))


def resampled_points(n_points: int, seed: int) -> Places:
    """Points drawn with replacement, (RESAMPLES, n_points)."""
    return np.random.default_rng(seed).integers(0, n_points, (RESAMPLES, n_points))


def shares(drawn: Places) -> Floats:
    """The weight of each prompt in each resample: (m, n_prompts) of prompts → (m, n_prompts), rows adding up to 1."""
    weights = np.zeros(drawn.shape)
    np.add.at(weights, (np.arange(len(drawn))[:, None], drawn), 1.0 / drawn.shape[1])
    return weights


def interval(values: Floats) -> Interval:
    """The middle 95 % of the values of resamples, (resamples,); none without any, or where too many are undefined."""
    defined = values[np.isfinite(values)]
    if defined.size == 0 or defined.size < _FEWEST_DEFINED * values.size:
        return NO_INTERVAL
    low, high = np.quantile(defined, CONFIDENCE)
    return Interval(float(low), float(high))
