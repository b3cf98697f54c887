"""The terminal view of a validation, on one screen: orders and sizes of what was predicted, then the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..runtime.reading.probes import words_of
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import counted, short
from ..validation.compare import BETTER, WORSE
from ..validation.headline import headline
from ..validation.wording import answers_text, count_sentences, fit_sentence, power_sentence, with_interval
from .console import plain_table, print_table, safe
from .headline import render_headline
from .standouts import render_checks

if TYPE_CHECKING:
    from rich.console import Console

    from ..validation.fit_document import Feature
    from ..validation.quantity_document import Predictor, Quantity
    from ..validation.validation_document import ValidationDocument

_MARKS = {BETTER: (">", "green"), WORSE: ("<", "red")}
_UNDECIDED = ("~", "")
_UNTESTED = (" ", "")
_OUTCOME_STYLES = {"held up": "bold green", "did not": "bold red", "undecided": "bold yellow", "answers": "bold"}
_ORDERS = {"heuristic": "heuristic", "propagation": "propag.", "probe": "probe", "norms": "norms", "depth": "depth"}
_SIZES = {"propagation": " propag. error", "probe": " probe error"}
_SOURCES = {"prompts": "prompt", "text": "text", "tokens": "sequence"}


def render_validation(console: Console, document: ValidationDocument) -> None:
    """Headline, one row for each quantity, what the fit gave, notes and warnings."""
    glyphs = Glyphs.of(console.encoding)
    _render_headline(console, document, glyphs)
    console.print()
    render_outcome(console, document)
    console.print()
    _render_quantities(console, document.quantities, glyphs)
    console.print()
    _render_fit(console, document, glyphs)
    if document.standouts:
        console.print()
        render_checks(console, document.standouts)
    if document.notes or document.warnings:
        console.print()
    for note in document.notes:
        console.print(safe(note, "dim"))
    for warning in document.warnings:
        console.print(safe(f"! {warning}", "yellow"))


def _render_headline(console: Console, document: ValidationDocument, glyphs: Glyphs) -> None:
    model, trace = document.model, document.trace
    pieces = counted(trace.n_prompts, _SOURCES.get(trace.source, "piece"))
    if trace.source == "probe":
        pieces = f"{counted(trace.n_prompts, 'sequence')} of {words_of(trace.probe)}"
    read = f"{pieces}, {counted(trace.n_tokens, 'token')}"
    facts = [counted(model.n_layers, "layer"), read, f"engine {glyphs.cut(trace.engine, LONGEST_TEXT)}"]
    render_headline(console, model.title, model, facts, unbroken=True)


def render_outcome(console: Console, document: ValidationDocument) -> None:
    """The news of a validation, each kind under its name: held up, did not, undecided, answers."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    told = ""
    for sentence in headline(document):
        label = "" if sentence.outcome == told else sentence.outcome
        told = sentence.outcome
        table.add_row(Text(label, _OUTCOME_STYLES[sentence.outcome]), safe(sentence.text))
    console.print(table)


def _render_quantities(console: Console, quantities: list[Quantity], glyphs: Glyphs) -> None:
    title = f"Spearman's rank correlation with what was measured, {_error_word(quantities)} error of sizes"
    console.print(Text(title, "bold"))
    there = {predictor.name for quantity in quantities for predictor in quantity.predictors}
    orders = {name: title for name, title in _ORDERS.items() if name in there}
    sizes = {name: title for name, title in _SIZES.items() if name in there}
    columns = [*orders.values(), *sizes.values()]
    table = plain_table("", *columns, right=tuple(columns))
    table.padding = (0, 1, 0, 0)
    for quantity in quantities:
        predictors = {predictor.name: predictor for predictor in quantity.predictors}
        label = glyphs.cut(quantity.label, LONGEST_TEXT) + (" of heads" if quantity.per == "head" else "")
        cells = [_order(predictors.get(name), glyphs) for name in orders]
        table.add_row(Text(label), *cells, *(_size(predictors.get(name), glyphs) for name in sizes))
        for band in quantity.bands or []:
            values = (band.spearman.get(name) for name in orders)
            rho = (f"{glyphs.nothing} " if value is None else f"{value:+.2f} " for value in values)
            table.add_row(Text(f"  positions {band.first} to {band.last}", "dim"), *rho, *("" for _ in sizes))
    print_table(console, table)
    verdicts = count_sentences(quantities)
    if verdicts:
        console.print(Text("> better than norms and depth, < worse, ~ undecided; unmarked: not tested", "dim"))
    for sentence in verdicts:
        console.print(safe(sentence))


def _error_word(quantities: list[Quantity]) -> str:
    """The error that is told: the median over layers or heads, in validations of schema 1 the mean."""
    sizes = [each.size for quantity in quantities for each in quantity.predictors if each.size is not None]
    return "mean" if any(size.median_absolute is None for size in sizes) else "median"


def _order(predictor: Predictor | None, glyphs: Glyphs) -> Text:
    if predictor is None or predictor.spearman is None:
        return Text(f"{glyphs.nothing} ")
    mark, style = _UNTESTED if predictor.verdict is None else _MARKS.get(predictor.verdict, _UNDECIDED)
    return Text(f"{predictor.spearman.value:+.2f}{mark}", style)


def _size(predictor: Predictor | None, glyphs: Glyphs) -> str:
    if predictor is None or predictor.size is None:
        return glyphs.nothing
    error = predictor.size.magnitude.value
    return f"{100 * error:.0f} %" if predictor.size.kind == "relative" else f"{error:.3f}"


def _render_fit(console: Console, document: ValidationDocument, glyphs: Glyphs) -> None:
    fit = document.fit
    console.print(safe(fit_sentence(fit), "bold" if fit.fitted else ""))
    console.print(
        safe(f"{answers_text(fit)}{f', {fit.n_incomplete} with undefined features' if fit.n_incomplete else ''}", "dim")
    )
    sentence = power_sentence(fit)
    if sentence is not None and fit.exploratory:
        console.print(safe(f"{sentence}: exploratory", "dim"))
    if not fit.fitted:
        return
    if fit.null is not None and fit.p is not None:
        text = f"shuffled labels: mean {fit.null.mean:.2f}, 97.5 % below {fit.null.high:.2f}; p {fit.p:.3f}"
        console.print(safe(f"{text}; difference to uniform {with_interval(fit.difference)}", "dim"))
    numbers = ("weight", "correct", "wrong", "AUC")
    table = plain_table("component", *numbers, "", right=numbers)
    for feature in fit.features:
        table.add_row(*_feature(feature, glyphs))
    print_table(console, table)


def _feature(feature: Feature, glyphs: Glyphs) -> list[str]:
    numbers = [
        glyphs.nothing if value is None else short(value)
        for value in (feature.mean_correct, feature.mean_wrong, feature.auc)
    ]
    weight = glyphs.nothing if feature.weight is None else f"{feature.weight:.2f}"
    kept = f"default kept: {glyphs.cut(feature.kept, LONGEST_TEXT)}" if feature.kept else ""
    return [glyphs.cut(feature.component, LONGEST_TEXT), weight, *numbers, kept]
