"""The terminal view of a validation, on one screen: orders and sizes of what was predicted, then the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..analysis.score_words import in_words, score_words
from ..runtime.reading.probes import words_of
from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import counted, short
from ..validation.compare import BETTER, WORSE
from ..validation.headline import headline
from ..validation.wording import count_sentences, power_sentence, with_interval
from .columns import Column, leaving
from .headline import render_headline
from .screen import unbroken
from .standouts import render_checks

if TYPE_CHECKING:
    from ..text.glyphs import Glyphs
    from ..validation.fit_document import Feature
    from ..validation.quantity_document import Predictor, Quantity
    from ..validation.validation_document import ValidationDocument
    from .screen import Screen

_MARKS = {BETTER: (">", "green"), WORSE: ("<", "red")}
_UNDECIDED = ("~", "")
_UNTESTED = (" ", "")
_OUTCOME_STYLES = {"held up": "bold green", "did not": "bold red", "undecided": "bold yellow", "answers": "bold"}
_ORDERS = {"heuristic": "heuristic", "propagation": "propag.", "probe": "probe", "norms": "norms", "depth": "depth"}
_LEAVING = ("propagation", "probe", "depth", "norms", "heuristic")  # in a narrow terminal, the last of them first
_SIZES = {"propagation": "propag. error", "probe": "probe error"}
_LABEL = len("undecided")
_SOURCES = {"prompts": "prompt", "text": "text", "tokens": "sequence"}


def render_validation(screen: Screen, document: ValidationDocument) -> None:
    """Headline, one row for each quantity, what the fit gave, notes and warnings."""
    glyphs = screen.glyphs
    _render_headline(screen, document, glyphs)
    screen.blank()
    render_outcome(screen, document)
    screen.blank()
    _render_quantities(screen, document.quantities, glyphs)
    _render_fit(screen, document, glyphs)
    if document.standouts:
        screen.blank()
        render_checks(screen, document.standouts)
    if document.notes or document.warnings:
        screen.blank()
    for note in document.notes:
        screen.line(note, "dim")
    for warning in document.warnings:
        screen.line(f"! {in_words(warning)}", "yellow")


def _render_headline(screen: Screen, document: ValidationDocument, glyphs: Glyphs) -> None:
    model, trace = document.model, document.trace
    pieces = counted(trace.n_prompts, _SOURCES.get(trace.source, "piece"))
    if trace.source == "probe":
        pieces = f"{counted(trace.n_prompts, 'sequence')} of {words_of(trace.probe)}"
    read = f"{pieces}, {counted(trace.n_tokens, 'token')}"
    facts = [counted(model.n_layers, "layer"), read, f"engine {glyphs.cut(trace.engine, LONGEST_TEXT)}"]
    render_headline(screen, model.file, model.title, model, facts)


def render_outcome(screen: Screen, document: ValidationDocument) -> None:
    """The news of a validation, each kind under its name: held up, did not, undecided, answers."""
    told = ""
    for sentence in headline(document):
        label = "" if sentence.outcome == told else sentence.outcome
        told = sentence.outcome
        screen.fact(Text(label, _OUTCOME_STYLES[sentence.outcome]), sentence.text, width=_LABEL)


def _render_quantities(screen: Screen, quantities: list[Quantity], glyphs: Glyphs) -> None:
    title = f"Spearman's rank correlation with what was measured, {_error_word(quantities)} error of sizes"
    there = {predictor.name for quantity in quantities for predictor in quantity.predictors}
    orders = {name: title for name, title in _ORDERS.items() if name in there}
    sizes = {name: title for name, title in _SIZES.items() if name in there}
    labels: list[str | Text] = []
    cells: list[list[str | Text]] = [[] for _ in (*orders, *sizes)]
    for quantity in quantities:
        predictors = {predictor.name: predictor for predictor in quantity.predictors}
        labels.append(quantity.label + (" of heads" if quantity.per == "head" else ""))
        row = [_order(predictors.get(name), glyphs) for name in orders]
        row += [Text(_size(predictors.get(name), glyphs)) for name in sizes]
        for column, cell in zip(cells, row, strict=True):
            column.append(cell)
        for band in quantity.bands or []:
            span = unbroken(f"{band.first} to {band.last}")
            labels.append(Text(f"  positions {span}", "dim"))
            values = [band.spearman.get(name) for name in orders]
            rho = [Text(f"{glyphs.nothing} " if value is None else f"{value:+.2f} ") for value in values]
            for column, cell in zip(cells, [*rho, *(Text() for _ in sizes)], strict=True):
                column.append(cell)
    heads = [
        *((name, head, False) for name, head in orders.items()),
        *((name, head, True) for name, head in sizes.items()),
    ]
    columns = [
        Column(head, of_head, yields=_LEAVING.index(name) + (len(_LEAVING) if is_size else 0))
        for (name, head, is_size), of_head in zip(heads, cells, strict=True)
    ]
    screen.table([Column("", labels, "prose", name="quantity"), *columns], title)
    verdicts = count_sentences(quantities)
    if verdicts:
        screen.line("> better than norms and depth, < worse, ~ undecided; unmarked: not tested", "dim")
    for sentence in verdicts:
        screen.line(sentence)


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


def _render_fit(screen: Screen, document: ValidationDocument, glyphs: Glyphs) -> None:
    """What is to be known of the fit beyond its outcome, which is told above; nothing where there was none."""
    fit = document.fit
    if not fit.fitted:
        return
    screen.blank()
    screen.heading("weights of the index, fitted to the answers")
    if fit.n_incomplete:
        screen.line(f"{counted(fit.n_incomplete, 'answer')} with undefined features", "dim")
    sentence = power_sentence(fit)
    if sentence is not None and fit.exploratory:
        screen.line(f"{sentence}: exploratory", "dim")
    if fit.null is not None and fit.p is not None:
        text = f"shuffled labels: mean {fit.null.mean:.2f}, 97.5 % below {fit.null.high:.2f}; p {fit.p:.3f}"
        screen.line(f"{text}; difference to uniform {with_interval(fit.difference)}", "dim")
    texts = [_feature(feature, glyphs) for feature in fit.features]
    cells = [list(column) for column in zip(*texts, strict=True)]
    heads = ("component", "weight", "correct", "wrong", "AUC", "")
    kinds = ("name", *["number"] * 4, "prose")
    columns = [
        Column(head, of_head, kind, name=head or "why")
        for head, of_head, kind in zip(heads, cells, kinds, strict=True)
        if head or any(of_head)
    ]
    screen.table(leaving(columns, 2))


def _feature(feature: Feature, glyphs: Glyphs) -> list[str]:
    numbers = [
        glyphs.nothing if value is None else short(value)
        for value in (feature.mean_correct, feature.mean_wrong, feature.auc)
    ]
    weight = glyphs.nothing if feature.weight is None else f"{feature.weight:.2f}"
    kept = f"default kept: {feature.kept}" if feature.kept else ""
    return [score_words(feature.component), weight, *numbers, kept]
