"""The procedure that turns answers into weights, for one labelling or for a thousand shuffled ones at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..analysis.presets.probe import ANALOGUES
from ..analysis.settings import DEFAULT_WEIGHTS
from .rank_kernels import auc_rows
from .ridge import nonnegative_ridge

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .features import Flags, Scored

PERMUTATIONS = 999
PENALTY = 1.0  # per prompt, for standardized features: halves the weight of a feature that stands alone
NO_FEATURE = "no feature is higher where answers are wrong"


def fit_some(scored: Scored, kept: Flags, labels: Flags) -> tuple[Floats, Flags]:
    """Fit on some of the prompts, for many labellings at once.

    Args:
        scored: all of them.
        kept: which prompts, (n,).
        labels: which are wrong, (n, m).

    Returns:
        Weights of all components, (k, m), adding up to 1, and where those are the default ones because no feature is
        higher where answers are wrong, (m,).
    """
    targets = labels[kept].astype(np.float64)
    features = scored.standardized[kept]
    ridge = nonnegative_ridge(features - features.mean(axis=0), targets - targets.mean(axis=0), PENALTY)
    total = ridge.sum(axis=0)
    default = np.array([DEFAULT_WEIGHTS[name] for name in ANALOGUES])
    weights = np.repeat(default[:, None], labels.shape[1], axis=1)
    fitted = total > 0
    share = default[scored.varying].sum()  # what those without variance leave
    weights[np.ix_(np.array(scored.varying), np.flatnonzero(fitted))] = share * ridge[:, fitted] / total[fitted]
    return weights, ~fitted


def held_out(scored: Scored, labels: Flags) -> tuple[Floats, dict[str, tuple[Floats, Flags]]]:
    """Scores of every prompt by weights from the other categories, (n, m), and those weights by category."""
    categories = np.array(scored.categories)
    scores = np.empty(labels.shape)
    folds = {}
    for category in dict.fromkeys(scored.categories):
        out = categories == category
        weights, default = fit_some(scored, ~out, labels)
        scores[out] = scored.standardized[out] @ weights[scored.varying]
        folds[category] = weights, default
    return scores, folds


def null_aucs(scored: Scored, seed: int) -> Floats:
    """The AUC of the whole procedure on shuffled labels, (permutations,)."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.repeat(scored.wrong[:, None], PERMUTATIONS, axis=1), axis=0)
    scores, _ = held_out(scored, shuffled)
    return auc_rows(np.ascontiguousarray(scores.T), np.ascontiguousarray(shuffled.T))
