"""Weights of the risk index, fitted to which prompts were answered wrongly (docs/validation.md).

The weights are tried on prompts of a category that had no part in them, against uniform weights and against the
whole procedure on shuffled labels. Too few answers of either kind, and there is no fit.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.presets.probe import ANALOGUES
from ..analysis.settings import DEFAULT_WEIGHTS
from ..runtime.reading.probes import words_of
from .estimates import estimate, undecided, verdict_of
from .features import read_features
from .fit_document import Feature, Fit, Fold, HeldOut, Null
from .rank_kernels import auc_rows
from .resampling import resampled_prompts
from .weights import NO_FEATURE, fit_some, held_out, null_aucs

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from ..runtime.trace_result import Trace
    from .features import Flags, Scored

FEWEST = 5  # correct answers, and wrong ones
ENOUGH = 100  # scored prompts; with fewer the fit is exploratory
CHANCE = 0.025  # of one side, as the intervals have it
_SEEN_AUC = 0.7  # whose power is told

BETTER = "better than uniform weights"
WORSE = "worse than the baseline of uniform weights"


def fit_weights(trace: Trace, seed: int) -> Fit:
    """Fit the weights, or say why not."""
    scored = read_features(trace)
    reason = why_not(scored, trace)
    if reason is not None:
        return _unfitted(scored, None, reason)
    whole, note = fit_some(scored, np.ones(len(scored.wrong), np.bool_), scored.wrong[:, None])
    if note[0]:
        return _unfitted(scored, None, f"{NO_FEATURE}: every fitted weight is 0")
    return _tried(scored, whole[:, 0], seed)


def why_not(scored: Scored, trace: Trace) -> str | None:
    """The reason that there can be no fit; None where there can."""
    settings = trace.document.settings
    if settings.source != "prompts":
        words = words_of(settings.probe_kind)
        read = {"text": "a text", "tokens": "token ids"}.get(settings.source, words)
        return f"the trace is of {read}: there are no answers"
    if all(prompt.answer is None for prompt in trace.document.prompts):
        return "no answers were generated, so that none could be scored"
    few = [f"{n} {word}" for n, word in ((scored.n_correct, "correct"), (scored.n_wrong, "wrong")) if n < FEWEST]
    if few:
        return f"it takes {FEWEST} answers of either kind, and there are {' and '.join(few)}"
    if not scored.varying:
        return "no feature differs between prompts"
    if len(set(scored.categories)) < 2:
        return "all scored prompts are of one category: none can be left out"
    return None


def power(n_correct: int, n_wrong: int, auc: float = _SEEN_AUC) -> float | None:
    """Probability that a two-sided test of 5 % sees an AUC; normal approximation (Hanley and McNeil 1982).

    >>> round(power(10, 10), 2), round(power(50, 50), 2)
    (0.31, 0.96)
    """
    if min(n_correct, n_wrong) < 1:
        return None
    product = n_correct * n_wrong
    without = sqrt((n_correct + n_wrong + 1) / (12 * product))
    two_wrong, two_correct = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n_wrong - 1) * (two_wrong - auc**2) + (n_correct - 1) * (two_correct - auc**2)
    limit = 0.5 + NormalDist().inv_cdf(1 - CHANCE) * without
    return NormalDist().cdf((auc - limit) / sqrt(variance / product))


def _tried(scored: Scored, whole: Floats, seed: int) -> Fit:
    scores, folds = held_out(scored, scored.wrong[:, None])
    fitted = scores[:, 0]
    uniform = scored.standardized.mean(axis=1)
    aucs, uniform_aucs = (_auc_with_resamples(values, scored.wrong, seed) for values in (fitted, uniform))
    null = null_aucs(scored, seed)
    difference = estimate(aucs - uniform_aucs)
    p = (1 + int((null >= aucs[0]).sum())) / (1 + len(null))
    across = f"{undecided(len(scored.wrong), 'answer')} against uniform weights"
    against = None if difference is None else verdict_of(BETTER, across, WORSE, difference)
    return replace(
        _unfitted(scored, whole),
        fitted=True,
        weights=dict(zip(ANALOGUES, whole.tolist(), strict=True)),
        folds=[_fold(scored, name, weights, default) for name, (weights, default) in folds.items()],
        auc=estimate(aucs),
        auc_uniform=estimate(uniform_aucs),
        difference=difference,
        p=p,
        null=Null(len(null), float(null.mean()), float(np.quantile(null, 1 - CHANCE))),
        verdict=f"{against}, {'above' if p <= CHANCE else 'not told from'} shuffled labels",
        scores=[
            HeldOut(prompt, category, bool(wrong), float(score), float(plain))
            for prompt, category, wrong, score, plain in zip(
                scored.ids, scored.categories, scored.wrong, fitted, uniform, strict=True
            )
        ],
    )


def _auc_with_resamples(scores: Floats, wrong: Flags, seed: int) -> Floats:
    """The AUC, then that of every resample of the prompts."""
    resampled = [auc_rows(scores[drawn], wrong[drawn]) for drawn in resampled_prompts(len(wrong), seed)]
    return np.concatenate([auc_rows(scores[None], wrong[None]), *resampled])


def _fold(scored: Scored, category: str, weights: Floats, default: Flags) -> Fold:
    inside = np.array(scored.categories) == category
    return Fold(
        category=category,
        n_correct=int((inside & ~scored.wrong).sum()),
        n_wrong=int((inside & scored.wrong).sum()),
        weights=dict(zip(ANALOGUES, weights[:, 0].tolist(), strict=True)),
        note=f"{NO_FEATURE} in the other categories" if default[0] else None,
    )


def _unfitted(scored: Scored, weights: Floats | None, reason: str | None = None) -> Fit:
    """The answers, the power and the features, without what only a fit has."""
    return Fit(
        fitted=False,
        reason=reason,
        exploratory=len(scored.wrong) < ENOUGH,
        n_correct=scored.n_correct,
        n_wrong=scored.n_wrong,
        n_unscored=scored.n_unscored,
        unscored=scored.unscored,
        n_incomplete=scored.n_incomplete,
        power=power(scored.n_correct, scored.n_wrong),
        features=_features(scored, weights),
    )


def _features(scored: Scored, weights: Floats | None) -> list[Feature]:
    return [
        Feature(
            component=name,
            figure=figure,
            definition=f"{figure}, mean over heads and layers"
            if name == "attention_entropy"
            else f"{figure}, mean over layers",
            mean_correct=_mean(scored.values[~scored.wrong, place]),
            mean_wrong=_mean(scored.values[scored.wrong, place]),
            auc=_auc(scored.values[:, place], scored.wrong) if place in scored.varying else None,
            default_weight=DEFAULT_WEIGHTS[name],
            weight=None if weights is None else float(weights[place]),
            kept=scored.kept.get(name),
        )
        for place, (name, figure) in enumerate(ANALOGUES.items())
    ]


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if values.size and np.isfinite(values).all() else None


def _auc(values: Floats, wrong: Flags) -> float | None:
    auc = float(auc_rows(np.ascontiguousarray(values)[None], wrong[None])[0])
    return auc if np.isfinite(auc) else None
