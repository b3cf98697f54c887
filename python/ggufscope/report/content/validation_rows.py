"""A validation as rows and sentences, for the outputs that show it whole: Markdown and the page.

Nothing is computed here. Text that may come from a file goes through the `safe` of the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...validation.wording import power_sentence, with_interval
from ..markdown.tables import NOTHING, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...validation.fit_document import Fit
    from ...validation.quantity_document import Estimate, Predictor, Quantity, Size
    from ...validation.validation_document import ValidationDocument

    Safe = Callable[[object], str]
    Rows = list[tuple[str, ...]]

ORDERS = "Rank correlation of what was predicted with what was measured; a prediction has to beat norms and depth."
SIZES = (
    "Predicted / measured − 1, for shares predicted − measured. The constant is one number for all layers or heads,"
    " the best that is known after measuring."
)
NO_SIZES = "No predictor is in the unit of what was measured."
ORDER_HEADER = ("measured", "by", "formula", "points", "Spearman's ρ", "Kendall's τ", "verdict")
SIZE_HEADER = ("measured", "by", "mean error", "mean magnitude", "lowest", "highest", "constant", "verdict")
FEATURE_HEADER = ("component", "feature of a prompt", "correct", "wrong", "AUC", "default", "fitted", "default kept")
FOLD_HEADER = ("left out", "correct", "wrong", "weights from the others", "note")


def what_was_read(document: ValidationDocument, safe: Safe) -> list[str]:
    """The trace, what was compared with it, and the probe."""
    trace, settings = document.trace, document.settings
    named = f" {safe(trace.prompt_set)}" if trace.prompt_set else ""
    found = [
        f"Read: {safe(trace.source)}{named}, {trace.n_prompts} with {trace.n_tokens} tokens in all; engine"
        f" {safe(trace.engine)} {safe(trace.engine_version)}, template {safe(trace.template)}. Presets compared:"
        f" {safe(', '.join(document.analysis.presets))}. Intervals: 95 %, {settings.resamples} resamples of the"
        f" prompts, seed {settings.seed}."
    ]
    if document.probe is not None:
        found.append(f"Probe: {document.probe.n_tokens} tokens, random ones of seed {document.probe.seed}.")
    return found


def order_rows(quantities: list[Quantity], safe: Safe) -> Rows:
    """A row for every quantity and predictor."""
    return [
        (
            _label(quantity, safe),
            safe(entry.name),
            safe(entry.formula),
            str(entry.n_points),
            _estimate(entry.spearman),
            _estimate(entry.kendall),
            _verdict(entry, safe),
        )
        for quantity in quantities
        for entry in quantity.predictors
    ]


def _label(quantity: Quantity, safe: Safe) -> str:
    return f"{safe(quantity.label)}, {safe(quantity.per)}s"


def _estimate(found: Estimate | None) -> str:
    return NOTHING if found is None else with_interval(found)


def _verdict(entry: Predictor, safe: Safe) -> str:
    if entry.role == "baseline":
        return "baseline"
    return safe(entry.verdict or NOTHING)


def size_rows(quantities: list[Quantity], safe: Safe) -> Rows:
    """A row for every predictor in the unit of what was measured."""
    return [
        (_label(quantity, safe), safe(entry.name), *_size(entry.size), safe(entry.size.verdict or NOTHING))
        for quantity in quantities
        for entry in quantity.predictors
        if entry.size is not None
    ]


def _size(size: Size) -> tuple[str, ...]:
    form, ends = ("+.1%", ".1%") if size.kind == "relative" else ("+.3f", ".3f")
    return (
        with_interval(size.mean, form),
        with_interval(size.mean_absolute, ends),
        f"{size.lowest:{form}}",
        f"{size.highest:{form}}",
        f"{size.constant:{ends}}",
    )


def fit_counts(fit: Fit) -> str:
    """How many prompts the fit is on, and how many are left out."""
    return (
        f"{fit.n_correct} correct, {fit.n_wrong} wrong; left out: {fit.n_unscored} unscored, {fit.n_incomplete} with an"
        " undefined feature."
    )


def why_exploratory(fit: Fit) -> str | None:
    """What makes the fit a suggestion and no result; None where it is a result."""
    if not fit.exploratory:
        return None
    sentence = power_sentence(fit)
    return f"fewer than 100 scored prompts.{f' {sentence}.' if sentence else ''}"


def feature_rows(fit: Fit, safe: Safe) -> Rows:
    """A row for every feature and the weight it was given."""
    return [
        (
            safe(feature.component),
            safe(feature.definition),
            number(feature.mean_correct),
            number(feature.mean_wrong),
            number(feature.auc, ".2f"),
            f"{feature.default_weight:.2f}",
            number(feature.weight, ".3f"),
            safe(feature.kept or ""),
        )
        for feature in fit.features
    ]


def trial_rows(fit: Fit) -> Rows:
    """AUC on categories left out: of fitted and uniform weights, their difference, and the null."""
    rows: Rows = [
        ("fitted weights", with_interval(fit.auc, ".2f")),
        ("uniform weights", with_interval(fit.auc_uniform, ".2f")),
        ("difference", with_interval(fit.difference)),
    ]
    if fit.null is not None and fit.p is not None:
        null = f"mean {fit.null.mean:.2f}, 97.5 % below {fit.null.high:.2f} ({fit.null.permutations} shuffles)"
        rows += [("shuffled labels", null), ("p", f"{fit.p:.3f}")]
    return rows


def fold_rows(fit: Fit, safe: Safe) -> Rows:
    """A row for every category and the weights that the others gave."""
    return [
        (
            safe(fold.category),
            str(fold.n_correct),
            str(fold.n_wrong),
            _weights(fold.weights, safe),
            safe(fold.note or ""),
        )
        for fold in fit.folds
    ]


def _weights(weights: dict[str, float], safe: Safe) -> str:
    return ", ".join(f"{safe(name)} {weight:.2f}" for name, weight in weights.items())
