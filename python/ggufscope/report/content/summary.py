"""The summary of a report: soundness, what charts show, verdicts, warnings, and how far to trust which part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ...analysis.presets.probe import NAME as PROBE
from ...analysis.presets.propagated import NAME as PROPAGATION
from ...runtime.reading.probes import words_of
from ...text.numbers import counted
from ...validation.headline import headline as news
from .blocks import Cards, Heading, Items, Marked, Paragraph, Verdict, Verdicts
from .evidence import evidence_pairs
from .health_lines import health_lines
from .verdict_lines import verdict_lines
from .words import Link, Own, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...validation.validation_document import ValidationDocument
    from .blocks import Block
    from .shown import Shown

_HIGHLIGHTS = ("risk", "validation-orders", "tensor-map", "type-map", "sizes")  # beginnings of names of charts


_OUTCOMES: dict[str, Literal["good", "bad", "odd", "note"]] = {
    "held up": "good",
    "did not": "bad",
    "undecided": "odd",
    "answers": "note",
}


_LABELS = {"held up": "Held up", "did not": "Did not hold up", "undecided": "Undecided", "answers": "Answers"}


def measured(shown: Shown) -> Iterator[Block]:
    """The news of a validation: what held up, what did not, what is undecided. It precedes numbers not measured."""
    if shown.validation is not None:
        yield Heading(Own("What was measured, and what held up"))
        yield Marked(
            [
                (_OUTCOMES[sentence.outcome], own("**{}**: {}", Own(_LABELS[sentence.outcome]), sentence.text))
                for sentence in news(shown.validation)
            ]
        )
        yield Paragraph(own("{}.", Link("All orders and sizes", "validation")), "aside")


def soundness(shown: Shown) -> Iterator[Block]:
    """The verdict on the weights that statistics allow, and what it rests on."""
    if shown.profile is not None:
        yield Heading(Own("Are the weights sound?"))
        yield Marked([*verdict_lines(shown.profile), *health_lines(shown.profile)])


def highlights(shown: Shown) -> Iterator[Block]:
    """The sentences of the first chart of each important kind."""
    charts = shown.drawn.charts
    first = [next((chart for chart in charts if chart.name.startswith(kind)), None) for kind in _HIGHLIGHTS]
    items = [own("{} {}", Link(chart.title, chart.name), chart.sentence) for chart in first if chart is not None]
    if items:
        yield Heading(Own("What the charts show"))
        yield Items(items, "highlights")


def hypotheses(shown: Shown) -> Iterator[Block]:
    """The verdicts on the premises of the study, each with its evidence."""
    if shown.analysis is None:
        return
    yield Heading(Own("Hypotheses of the original study"))
    yield Paragraph(shown.analysis.verdicts_are, "aside")
    yield Verdicts(
        [
            Verdict(
                finding.id,
                finding.title,
                finding.measured,
                finding.verdict,
                own("{}.", finding.statement),
                list(evidence_pairs(finding)),
            )
            for finding in shown.analysis.hypotheses
        ]
    )


def warnings(shown: Shown) -> Iterator[Block]:
    """The warnings of the analysis: reasons to believe it less."""
    if shown.analysis is not None and shown.analysis.warnings:
        yield Heading(Own("Before you believe it"))
        yield Items(shown.analysis.warnings, "warnings")


def trust(shown: Shown) -> Iterator[Block]:
    """How each kind of number came about, and what it does not say."""
    yield Heading(Own("How far to trust it"))
    yield Cards([(Own(title), text) for title, text in _trust(shown)])


def _trust(shown: Shown) -> Iterator[tuple[str, Words]]:
    if shown.profile is not None:
        yield (
            "Measured",
            Own(
                "Statistics of tensors, layers and heads are over every weight, decoded as ggml decodes it. Nothing is"
                " sampled, and the same file gives the same numbers on any machine."
            ),
        )
    if shown.analysis is not None:
        yield (
            "Heuristic",
            Own(
                "The structural risk index ranks the layers of this one file, wherever its components come from. It is"
                " not comparable between files, and nobody has shown that it predicts behaviour."
            ),
        )
        names = {preset.name for preset in shown.presets}
        if PROBE in names:
            yield (
                "Probed",
                Own(
                    "Scores of layers and heads, and the components of one index, are measured while the model reads a"
                    " probe. That is what it does with those tokens; another text moves the numbers."
                ),
            )
        if PROPAGATION in names:
            yield (
                "Predicted",
                Own(
                    "Activations and attention are propagated from the weights under simplifying assumptions. Believe"
                    " the order of heads and layers, not the absolute values."
                ),
            )
    if shown.trace is not None and shown.data.measured_alone:
        yield (
            "Measured",
            Own(
                "Every figure is of activations that this model computed while it read, and of answers that it wrote."
                " Another text moves the numbers."
            ),
        )
    if shown.validation is not None:
        yield from _tested(shown.validation, from_premises=shown.analysis is not None)
    elif shown.analysis is not None:
        yield (
            "Untested",
            Own(
                "The behaviour that the original study concludes from its premises. Only a runtime validation can say"
                " whether it is there."
            ),
        )
    elif shown.profile is not None:
        yield "Not said", Own("Statistics of weights do not tell how a model behaves, nor whether it is a good one.")


def _tested(validation: ValidationDocument, *, from_premises: bool) -> Iterator[tuple[str, Words]]:
    trace, fit = validation.trace, validation.fit
    texts = {"prompts": counted(trace.n_prompts, "prompt"), "text": "one text"}
    texts["tokens"] = counted(trace.n_prompts, "sequence")
    yield (
        "Tested",
        own(
            "Orders and sizes of {} quantities were compared with what was measured while this model read {}: {}. Of"
            " other prompts, or another model, that says nothing.",
            len(validation.quantities),
            Own(texts.get(trace.source) or words_of(trace.probe)),
            Link("predicted against measured", "validation"),
        ),
    )
    if fit.fitted:
        yield (
            "Explored" if fit.exploratory else "Tried",
            own("Whether what goes into the index differs between correct and wrong answers: {}.", fit.verdict),
        )
    premises = ", as the original study concludes from its premises" if from_premises else ""
    unfitted = "" if fit.fitted else own(" No weights were fitted to answers: {}.", fit.reason)
    yield "Still untested", own("That anything in the weights causes wrong answers{}.{}", Own(premises), unfitted)
