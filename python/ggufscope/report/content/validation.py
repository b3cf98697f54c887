"""A validation: what was read, what came out, all orders and sizes, and the fit of the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.score_words import in_words, score_words
from ...runtime.reading.probes import words_of
from ...text.numbers import counted
from ...validation.wording import answers_text, over_baseline, power_sentence, with_interval
from .blocks import Figures, Heading, Items, Paragraph, TextTable, heads
from .cells import NOTHING, number
from .chart import VALIDATION
from .results import other_settings
from .words import Own, Words, joined, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...validation.fit_document import Fit
    from ...validation.quantity_document import BandOrder, Estimate, Predictor, Quantity, Size
    from ...validation.validation_document import ValidationDocument
    from .blocks import Block
    from .shown import Shown

    Rows = list[tuple[Words, ...]]

_ORDERS = (
    "Rank correlation of what was predicted with what was measured. The verdict is by the difference to the baseline"
    " that is hardest to beat: its 95 % interval holds those over prompts and over layers or heads, and across 0 it is"
    " undecided."
)
_SIZES = (
    "Predicted / measured − 1, for shares predicted − measured. Magnitudes are medians over layers or heads, in files"
    " of schema 1 means. The constant is one number for all layers or heads, the best that is known after measuring;"
    " the verdict is by the difference of magnitudes, over prompts and over layers or heads."
)
_BANDS = (
    "Spearman's ρ over the heads, with the entropy measured in these positions alone. A predictor in brackets has one"
    " number of a head for all positions."
)
_NO_SIZES = "No predictor is in the unit of what was measured."
_ORDER_HEADS = heads(
    *("measured", "by", "formula", "points", "Spearman's ρ", "Kendall's τ", "ρ over the baseline", "verdict"),
    numeric="points",
    long="formula",
)
_BAND_HEADS = heads("positions", "prompts", "Spearman's ρ", numeric="prompts", long="Spearman's ρ")
_SIZE_HEADS = heads(
    *("measured", "by", "mean error", "magnitude", "lowest", "highest", "constant", "over the constant", "verdict")
)
_FEATURE_HEADS = heads(
    *("component", "feature of a prompt", "correct", "wrong", "AUC", "default", "fitted", "default kept"),
    numeric="correct|wrong|AUC|default|fitted",
    long="feature of a prompt|default kept",
)
_FOLD_HEADS = heads(
    *("left out", "correct", "wrong", "weights from the others", "note"),
    numeric="correct|wrong",
    long="weights from the others|note",
)


def compared(shown: Shown) -> Iterator[Block]:
    """The statement, what was read, and what to know before believing the comparison."""
    document = shown.validation
    if document is None:
        return
    yield Paragraph(document.statement, "statement")
    yield from map(Paragraph, _what_was_read(document))
    differences = other_settings(shown.data)
    other = own("What was compared is not quite the analysis of this report: {}.", joined(differences, "; "))
    if differences or document.warnings:
        yield Items([*([other] if differences else []), *map(in_words, document.warnings)], "warnings")


def _what_was_read(document: ValidationDocument) -> Iterator[Words]:
    """The trace, what was compared with it, and the probe."""
    trace, settings = document.trace, document.settings
    yield own(
        "Read: {}{}, {} with {} tokens in all; engine {} {}, template {}. Presets compared: {}. Intervals: 95 %, {}"
        " resamples of the prompts, seed {}.",
        trace.source,
        own(" {}", trace.prompt_set) if trace.prompt_set else "",
        trace.n_prompts,
        trace.n_tokens,
        trace.engine,
        trace.engine_version,
        trace.template,
        joined(document.analysis.presets),
        settings.resamples,
        settings.seed,
    )
    if document.probe is not None:
        probe = document.probe
        words = Own(f"{counted(probe.n_prompts, 'sequence')} of {words_of(probe.probe)}")
        yield own("Probe: {}, {} tokens, seed {}.", words, probe.n_tokens, probe.seed)


def outcome(shown: Shown) -> Iterator[Block]:
    """The results in sentences, and their charts."""
    document = shown.validation
    if document is None:
        return
    yield Heading(Own("What came out"))
    yield Items([*document.findings, *(own("note: {}", note) for note in document.notes)])
    charts = shown.charts(VALIDATION)
    if charts:
        yield Figures(charts)


def orders_and_sizes(shown: Shown) -> Iterator[Block]:
    """Tables of all predicted orders and sizes."""
    document = shown.validation
    if document is None:
        return
    yield Heading(Own("All orders and sizes"))
    orders, sizes = _order_rows(document.quantities), _size_rows(document.quantities)
    if orders:
        yield TextTable("validation-orders", Own("Orders"), _ORDER_HEADS, orders, Own(_ORDERS))
    for quantity in document.quantities:
        if quantity.bands:
            title = own("Orders of {}s by {}, in bands of positions", quantity.per, quantity.label)
            yield TextTable("validation-bands", title, _BAND_HEADS, _band_rows(quantity.bands), Own(_BANDS))
    if sizes:
        yield TextTable("validation-sizes", Own("Sizes"), _SIZE_HEADS, sizes, Own(_SIZES))
    else:
        yield Paragraph(Own(_NO_SIZES))


def fitted_weights(shown: Shown) -> Iterator[Block]:
    """The weights of the index, fitted to right and wrong answers, or why there are none."""
    if shown.validation is None:
        return
    fit = shown.validation.fit
    yield Heading(Own("Weights of the index, fitted to answers"))
    yield Paragraph(
        own(
            "{}, {} with an undefined feature.",
            answers_text(fit),
            fit.n_incomplete,
        )
    )
    if fit.exploratory:
        power = power_sentence(fit)
        yield Paragraph(own("**Exploratory**: fewer than 100 scored prompts.{}", Own(f" {power}." if power else "")))
    if fit.fitted:
        yield Paragraph(own("On categories left out of the fit: {}.", fit.verdict))
        yield from _trial(fit)
    else:
        yield Paragraph(own("Not fitted: {}.", fit.reason))
    yield TextTable("validation-features", Own("Features and weights"), _FEATURE_HEADS, _feature_rows(fit))


def _trial(fit: Fit) -> Iterator[Block]:
    title = Own("On categories left out of the fit")
    yield TextTable("validation-trial", title, heads("scores by", "AUC"), _trial_rows(fit))
    yield TextTable("validation-folds", Own("Weights without each category"), _FOLD_HEADS, _fold_rows(fit))


def _order_rows(quantities: list[Quantity]) -> Rows:
    """A row for every quantity and predictor."""
    return [
        (
            _label(quantity),
            predictor.name,
            predictor.formula,
            Own(predictor.n_points),
            _value(predictor.spearman),
            _value(predictor.kendall),
            _over_baseline(predictor),
            _verdict(predictor),
        )
        for quantity in quantities
        for predictor in quantity.predictors
    ]


def _band_rows(bands: list[BandOrder]) -> Rows:
    """A row for every band: the correlation of each predictor."""
    return [
        (
            Own(f"{band.first} to {band.last}"),
            Own(band.n_prompts),
            joined(_in_band(band, name, value) for name, value in band.spearman.items()),
        )
        for band in bands
    ]


def _in_band(band: BandOrder, name: str, value: float | None) -> Words:
    rho = NOTHING if value is None else Own(f"{value:+.2f}")
    return own("{} {}" if name in band.by_band else "({} {})", name, rho)


def _label(quantity: Quantity) -> Words:
    return own("{}, {}s", quantity.label, quantity.per)


def _value(estimate: Estimate | None) -> Own:
    return NOTHING if estimate is None else Own(f"{estimate.value:+.2f}")


def _over_baseline(predictor: Predictor) -> Words:
    test = predictor.strongest
    return NOTHING if test is None else over_baseline(test)


def _verdict(predictor: Predictor) -> Words:
    if predictor.role == "baseline":
        return Own("baseline")
    return predictor.verdict or NOTHING


def _size_rows(quantities: list[Quantity]) -> Rows:
    """A row for every predictor in the unit of what was measured."""
    return [
        (_label(quantity), predictor.name, *_size(predictor.size), predictor.size.verdict or NOTHING)
        for quantity in quantities
        for predictor in quantity.predictors
        if predictor.size is not None
    ]


def _size(size: Size) -> tuple[Own, ...]:
    form, ends = ("+.1%", ".1%") if size.kind == "relative" else ("+.3f", ".3f")
    return (
        Own(f"{size.mean.value:{form}}"),
        Own(f"{size.magnitude.value:{ends}}"),
        Own(f"{size.lowest:{form}}"),
        Own(f"{size.highest:{form}}"),
        Own(f"{size.constant:{ends}}"),
        Own(with_interval(size.deciding, form)),
    )


def _feature_rows(fit: Fit) -> Rows:
    """A row for every feature and the weight it was given."""
    return [
        (
            score_words(feature.component),
            feature.definition,
            number(feature.mean_correct),
            number(feature.mean_wrong),
            number(feature.auc, ".2f"),
            Own(f"{feature.default_weight:.2f}"),
            number(feature.weight, ".3f"),
            feature.kept or "",
        )
        for feature in fit.features
    ]


def _trial_rows(fit: Fit) -> Rows:
    """AUC on categories left out: of fitted and uniform weights, their difference, and the null."""
    rows: Rows = [
        (Own("fitted weights"), Own(with_interval(fit.auc, ".2f"))),
        (Own("uniform weights"), Own(with_interval(fit.auc_uniform, ".2f"))),
        (Own("difference"), Own(with_interval(fit.difference))),
    ]
    if fit.null is not None and fit.p is not None:
        null = f"mean {fit.null.mean:.2f}, 97.5 % below {fit.null.high:.2f} ({fit.null.permutations} shuffles)"
        rows += [(Own("shuffled labels"), Own(null)), (Own("p"), Own(f"{fit.p:.3f}"))]
    return rows


def _fold_rows(fit: Fit) -> Rows:
    """A row for every category and the weights that the others gave."""
    return [
        (
            fold.category,
            Own(fold.n_correct),
            Own(fold.n_wrong),
            joined(own("{} {:.2f}", score_words(name), weight) for name, weight in fold.weights.items()),
            fold.note or "",
        )
        for fold in fit.folds
    ]
