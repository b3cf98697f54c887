"""Method and limits: what was read, the quantizer, parametrization, what does not apply, and the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.score_words import in_words, score_words
from .blocks import Heading, Items, Paragraph, TableHead, TextTable, heads
from .cells import NOTHING, number, percent
from .words import Own, Words, joined, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...analysis.analysis_document import AnalysisDocument, ConfoundRecord
    from ...analysis.preset_document import LayerRecord
    from ...profiles.profile_result import Profile
    from .blocks import Block
    from .shown import Shown


def statement(shown: Shown) -> Iterator[Block]:
    """The limits that an analysis states of itself."""
    if shown.analysis is not None:
        yield Paragraph(shown.analysis.statement, "statement")


def what_was_read(shown: Shown) -> Iterator[Block]:
    """The share of the weights that was read, and the results that are missing."""
    data = shown.data
    read = list(_read(shown))
    if data.why_no_validation is not None:
        read.append(own("No validation: {}.", data.why_no_validation))
    if data.why_no_trace is not None:
        read.append(own("No trace: {}.", data.why_no_trace))
    if data.why_no_spectra is not None:
        read.append(own("No singular values: {}.", data.why_no_spectra))
    if read:
        yield Heading(Own("What was read"))
        yield from map(Paragraph, read)


def _read(shown: Shown) -> Iterator[Words]:
    data = shown.data
    if shown.profile is not None:
        yield joined(_scanned(shown.profile), " ")
    elif data.why_no_profile is not None:
        source = "analysis" if shown.analysis else "validation"
        why = data.why_no_analysis if shown.validation and not shown.analysis else None
        also = own(", and {}", why) if why is not None else ""
        yield own("Only the {}: {}{}.", Own(source), data.why_no_profile, also)


def _scanned(profile: Profile) -> Iterator[Words]:
    yield own(
        "Every tensor of the file, {} % of its {} elements, decoded to float32 bit for bit as ggml does it. Sums run in"
        " float64 over all elements.",
        percent(profile.coverage),
        Own(f"{profile.model.n_elements:,}".replace(",", "\u202f")),
    )
    yield own("Weights below {} count as sparse; kurtosis is 0 for a Gaussian.", profile.settings.sparsity_threshold)
    yield Own("What is undefined, as the skewness of a single element, is left empty and never shown as 0.")
    if profile.settings.fast:
        yield Own("The profile was taken with `--fast`: without histograms, row and column norms and code statistics.")
    if profile.settings.stored:
        yield Own("It was taken with `--stored`: of the blocks as they are, without factors beside matrices, if any.")
    elif any(row.factor is not None for row in profile.tensors.values()):
        yield Own("A weight is the decoded number times the factor that stands beside its matrix, rounded once.")


def quantizer(shown: Shown) -> Iterator[Block]:
    """Whether the types of a quantity's tensors explain it, and the zeros of W_v that theirs does."""
    document = shown.analysis
    if document is None or not document.confounds:
        return
    yield Heading(Own("The quantizer"))
    yield Paragraph(
        Own(
            "Exact zeros and small shifts are made by quantization. For each quantity: do the types of its tensors"
            " explain it? y = b₀ + b₁x + b₂x² + γ(type), x the depth."
        )
    )
    single = [confound for confound in document.confounds if confound.status == "single type"]
    for preset in dict.fromkeys(confound.preset for confound in single):
        quantities = joined(score_words(confound.quantity) for confound in single if confound.preset == preset)
        yield Paragraph(own("One type on all layers, nothing to confound, in {}: {}.", preset, quantities))
    tested = [confound for confound in document.confounds if confound.status != "single type"]
    if tested:
        yield _confounds(tested)


def _confounds(tested: list[ConfoundRecord]) -> TextTable:
    columns = ("preset", "quantity", "types (layers)", "outcome", "partial η²", "effect / range", "p")
    return TextTable(
        "confounds",
        Own("The tests of the quantizer"),
        heads(*columns, numeric="partial η²|effect / range|p", long="types (layers)|outcome"),
        [
            (
                confound.preset,
                score_words(confound.quantity),
                joined(own("{} ({})", name, count) for name, count in confound.layers_by_type.items()),
                own("{}: {}", confound.status, in_words(confound.reason)) if confound.reason else confound.status,
                number(confound.partial_eta_squared, ".2f"),
                number(confound.effect, ".2f"),
                number(confound.p, ".3f"),
            )
            for confound in tested
        ],
    )


def zeros(shown: Shown) -> Iterator[Block]:
    """The exact zeros of W_v at every layer, and those that its type explains."""
    if shown.analysis is None:
        return
    yield TextTable(
        "value-zeros",
        Own("Zeros of W_v"),
        heads("layer", "type", "zeros %", "expected %", "excess %", numeric="layer|zeros %|excess %"),
        [_zeros(record) for record in shown.analysis.preset.layers],
        Own("The band is what ggml's quantizer makes of Gaussian and of Laplace weights; what lies outside is excess."),
    )


def _zeros(record: LayerRecord) -> tuple[Words, ...]:
    found = record.value_zeros
    return (
        Own(record.layer),
        record.types["attn_v"] or NOTHING,
        _hundredths(found.zero_fraction),
        joined(map(_hundredths, found.expected_zero_fraction or (None,)), " – "),
        _hundredths(found.excess_zero_fraction),
    )


def _hundredths(share: float | None) -> Own:
    return NOTHING if share is None else Own(f"{100 * share:.3g}")


def parametrization(shown: Shown) -> Iterator[Block]:
    """The products that no rescaling of the weights changes."""
    if shown.analysis is None:
        return
    gauge = shown.analysis.gauge
    yield Heading(Own("Parametrization"))
    yield Paragraph(
        own(
            "Some rescalings of the weights leave what a model does unchanged but move norms. Every hypothesis is"
            " therefore also evaluated on products that none of them changes. Here they are {}: {}.",
            gauge.exactness,
            gauge.explanation,
        )
    )
    for product, reason in gauge.scale_free.items():
        yield Paragraph(own("{}: {}.", product, reason))
    columns = [own("{} {}", product, gauge.formulas[product]) for product in gauge.products]
    yield TextTable(
        "invariant-products",
        Own("Invariant products"),
        [*heads("layer", numeric="layer"), *(TableHead(label, "number") for label in columns)],
        [
            (Own(record.layer), *(number(values[position]) for values in gauge.products.values()))
            for position, record in enumerate(shown.analysis.preset.layers)
        ],
    )


def applicability(shown: Shown) -> Iterator[Block]:
    """Agreement of the presets, notes, and scores that could not be computed."""
    if shown.analysis is not None:
        yield Heading(Own("What does not apply, and what agrees"))
        yield Items(list(_applicability(shown.analysis)) or [Own("Everything could be computed.")])


def _applicability(document: AnalysisDocument) -> Iterator[Words]:
    for agreement in document.agreement:
        tau = number(agreement.tau, ".2f")
        yield own("Kendall's τ of the layer rankings of {} and {}: {}", agreement.first, agreement.second, tau)
    yield from map(in_words, document.notes)
    for missing in document.applicability:
        yield own("{}: {}", in_words(missing.score), in_words(missing.reason))


def charts_left_out(shown: Shown) -> Iterator[Block]:
    """The charts that could not be drawn, and why."""
    if shown.drawn.left_out:
        yield Heading(Own("Charts left out"))
        yield Items([own("{}: {}", name, reason) for name, reason in shown.drawn.left_out.items()])


def settings(shown: Shown) -> Iterator[Block]:
    """The settings that the numbers of an analysis depend on."""
    document = shown.analysis
    if document is None:
        return
    chosen = document.settings
    weights = joined(own("{} {:.3g}", score_words(name), weight) for name, weight in chosen.weights.items())
    yield Heading(Own("Settings"))
    yield Items(
        [
            own("weights: {}; norm scale {}; scaling {}; seed {}", weights, chosen.norm, chosen.scale, chosen.seed),
            own(
                "{} weightings, {} permutations, {} resamples; sparsity threshold {}",
                chosen.draws,
                chosen.permutations,
                chosen.resamples,
                number(chosen.sparsity_threshold),
            ),
            *_run(document),
        ]
    )


def _run(document: AnalysisDocument) -> Iterator[Words]:
    if document.run is not None:
        yield own("ggufscope {}, {}, {:.2f} s", document.run.version, document.run.started, document.run.seconds)
