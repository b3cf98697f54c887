"""A validation in Markdown: a report of its own, and the section of one that has the analysis, too.

Nothing is computed here. Text that comes from the file is escaped, for terminals, Markdown and HTML alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..escape import escape_markdown as safe
from ..runtime.comparison.wording import power_sentence, with_interval
from .markdown_tables import NOTHING, number, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..runtime.comparison.document import Estimate, Fit, Predictor, Quantity, ValidationDocument

MARK = "<!-- ggufscope validation -->"


def render_validation_markdown(document: ValidationDocument) -> str:
    """The text of `validation.md`."""
    model = document.model
    head = [MARK, f"# Validation of {safe(model.title)}", ""]
    facts = {
        "architecture": model.architecture,
        "declared type": model.file_type,
        "layers": model.n_layers,
        "identity": model.identity,
    }
    head += table(("", ""), [(name, safe(value)) for name, value in facts.items() if value is not None])
    if model.synthetic:
        head += ["", "**SYNTHETIC**: random weights made by ggufscope synth, not a trained model."]
    return "\n".join([*head, "", *validation_section(document)]) + "\n"


def validation_section(document: ValidationDocument) -> Iterator[str]:
    """The lines of the section `Predicted against measured` of a report."""
    yield "## Predicted against measured"
    yield ""
    yield document.statement
    yield ""
    yield from _what_was_read(document)
    yield ""
    for line in (*document.findings, *(f"note: {note}" for note in document.notes)):
        yield f"- {safe(line)}"
    for warning in document.warnings:
        yield f"- **{safe(warning)}**"
    yield ""
    yield from _orders(document.quantities)
    yield ""
    yield from _sizes(document.quantities)
    yield ""
    yield from _fit(document.fit)


def _what_was_read(document: ValidationDocument) -> Iterator[str]:
    trace, settings = document.trace, document.settings
    name = f" {safe(trace.prompt_set)}" if trace.prompt_set else ""
    yield (
        f"Read: {safe(trace.source)}{name}, {trace.n_prompts} with {trace.n_tokens} tokens in all; engine"
        f" {safe(trace.engine)} {safe(trace.engine_version)}, template {safe(trace.template)}. Presets compared:"
        f" {safe(', '.join(document.analysis.presets))}. Intervals: 95 %, {settings.resamples} resamples of the"
        f" prompts, seed {settings.seed}."
    )
    if document.probe is not None:
        yield f"Probe: {document.probe.n_tokens} tokens, random ones of seed {document.probe.seed}."


def _orders(quantities: list[Quantity]) -> Iterator[str]:
    yield "### Orders"
    yield ""
    yield "Rank correlation of what was predicted with what was measured; a prediction has to beat norms and depth."
    yield ""
    rows = [
        (
            _label(quantity),
            entry.name,
            safe(entry.formula),
            str(entry.n_points),
            _estimate(entry.spearman),
            _estimate(entry.kendall),
            _verdict(entry),
        )
        for quantity in quantities
        for entry in quantity.predictors
    ]
    yield from table(("measured", "by", "formula", "points", "Spearman's ρ", "Kendall's τ", ""), rows)


def _label(quantity: Quantity) -> str:
    return f"{quantity.label}, {quantity.per}s"


def _estimate(found: Estimate | None) -> str:
    return NOTHING if found is None else with_interval(found)


def _verdict(entry: Predictor) -> str:
    if entry.role == "baseline":
        return "baseline"
    return entry.verdict or NOTHING


def _sizes(quantities: list[Quantity]) -> Iterator[str]:
    yield "### Sizes"
    yield ""
    yield (
        "Predicted / measured − 1, for shares predicted − measured. The constant is one number for all layers or heads,"
        " the best that is known after measuring."
    )
    yield ""
    rows = [
        (_label(quantity), entry.name, *_size_cells(entry))
        for quantity in quantities
        for entry in quantity.predictors
        if entry.size is not None
    ]
    header = ("measured", "by", "mean error", "mean magnitude", "lowest", "highest", "constant", "")
    if rows:
        yield from table(header, rows)
    else:
        yield "No predictor is in the unit of what was measured."


def _size_cells(entry: Predictor) -> list[str]:
    size = entry.size
    if size is None:
        return []
    form, ends = ("+.1%", ".1%") if size.kind == "relative" else ("+.3f", ".3f")
    return [
        with_interval(size.mean, form),
        with_interval(size.mean_absolute, ends),
        f"{size.lowest:{form}}",
        f"{size.highest:{form}}",
        f"{size.constant:{ends}}",
        size.verdict or NOTHING,
    ]


def _fit(fit: Fit) -> Iterator[str]:
    yield "### Weights of the index"
    yield ""
    yield (
        f"{fit.n_correct} correct, {fit.n_wrong} wrong; left out: {fit.n_unscored} unscored, {fit.n_incomplete} with an"
        " undefined feature."
    )
    sentence = power_sentence(fit)
    if fit.exploratory:
        yield f"**Exploratory**: fewer than 100 scored prompts.{f' {sentence}.' if sentence else ''}"
    yield ""
    if not fit.fitted:
        yield f"Not fitted: {safe(fit.reason)}."
        yield ""
    else:
        yield from _trial(fit)
    rows = [
        (
            feature.component,
            safe(feature.definition),
            number(feature.mean_correct),
            number(feature.mean_wrong),
            number(feature.auc, ".2f"),
            f"{feature.default_weight:.2f}",
            number(feature.weight, ".3f"),
            feature.kept or "",
        )
        for feature in fit.features
    ]
    header = ("component", "feature of a prompt", "correct", "wrong", "AUC", "default", "fitted", "default kept")
    yield from table(header, rows)


def _trial(fit: Fit) -> Iterator[str]:
    yield f"On categories that were left out of the fit, {safe(fit.verdict)}:"
    yield ""
    rows = [
        ("fitted weights", _auc(fit.auc)),
        ("uniform weights", _auc(fit.auc_uniform)),
        ("difference", with_interval(fit.difference)),
    ]
    if fit.null is not None and fit.p is not None:
        null = f"mean {fit.null.mean:.2f}, 97.5 % below {fit.null.high:.2f} ({fit.null.permutations} shuffles)"
        rows += [("shuffled labels", null), ("p", f"{fit.p:.3f}")]
    yield from table(("", "AUC"), rows)
    yield ""
    folds = [
        (safe(fold.category), str(fold.n_correct), str(fold.n_wrong), _weights(fold.weights), fold.note or "")
        for fold in fit.folds
    ]
    yield from table(("left out", "correct", "wrong", "weights from the others", ""), folds)
    yield ""


def _auc(found: Estimate | None) -> str:
    return with_interval(found, ".2f")


def _weights(weights: dict[str, float]) -> str:
    return ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items())
