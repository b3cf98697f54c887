"""The answers that a report begins with, the verdicts on hypotheses, and how far to trust which part."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from ...analysis.presets.probe import NAME as PROBE
from ...analysis.presets.propagated import NAME as PROPAGATION
from ...analysis.score_words import in_words
from ...runtime.reading.probes import words_of
from ...text.numbers import counted
from ...validation.headline import headline as news
from .blocks import Cards, Heading, Items, Marked, Panel, Panels, Paragraph, Verdict, Verdicts
from .evidence import evidence_pairs
from .extremes import extremes
from .health_lines import HealthLine, health_lines
from .standouts import striking
from .verdict_lines import check_lines, verdict_lines
from .words import Link, Own, Words, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...validation.headline import Sentence
    from ...validation.validation_document import ValidationDocument
    from .blocks import Block
    from .shown import Shown

_OUTCOMES: dict[str, Literal["good", "bad", "odd", "note"]] = {
    "held up": "good",
    "did not": "bad",
    "undecided": "odd",
    "answers": "note",
}


_LABELS = {"held up": "Held up", "did not": "Did not hold up", "undecided": "Undecided", "answers": "Answers"}


def answers(shown: Shown) -> Iterator[Block]:
    """The verdict, what stands out, the most extreme matrices and what held up, in a few lines each."""
    panels = [panel for answer in (_soundness, striking, extremes, _measured) for panel in answer(shown)]
    if panels:
        yield Panels(panels)


def _soundness(shown: Shown) -> Iterator[Panel]:
    """The verdict on the file, and what it rests on."""
    if shown.profile is not None:
        check, why_no_check = shown.data.check, shown.data.why_no_check
        verdict = verdict_lines(shown.profile) if check is None else check_lines(check.document)
        reason = [HealthLine("note", why_no_check)] if why_no_check is not None else []
        yield Panel(Own("Is the file sound?"), [Marked([*verdict, *reason, *health_lines(shown.profile)])])


def _measured(shown: Shown) -> Iterator[Panel]:
    """The first sentence of each outcome of a validation, and how many more there are."""
    if shown.validation is None:
        return
    sentences = news(shown.validation)
    counts = Counter(sentence.outcome for sentence in sentences)
    first = {sentence.outcome: sentence for sentence in reversed(sentences)}
    lines = [
        (_OUTCOMES[outcome], own("{}{}", _news(first[outcome]), Own(f" (and {count - 1} more)" if count > 1 else "")))
        for outcome, count in counts.items()
    ]
    more = Paragraph(own("{}.", Link("All that was measured", "validation")), "aside")
    yield Panel(Own("What was measured, and what held up"), [Marked(lines), more])


def measured(shown: Shown) -> Iterator[Block]:
    """The news of a validation: what held up, what did not, what is undecided."""
    if shown.validation is not None:
        yield Heading(Own("What held up, and what did not"))
        yield Marked([(_OUTCOMES[sentence.outcome], _news(sentence)) for sentence in news(shown.validation)])


def _news(sentence: Sentence) -> Words:
    return own("**{}**: {}", Own(_LABELS[sentence.outcome]), sentence.text)


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
                own("{}.", in_words(finding.statement)),
                list(evidence_pairs(finding)),
            )
            for finding in shown.analysis.hypotheses
        ]
    )


def warnings(shown: Shown) -> Iterator[Block]:
    """The warnings of the analysis: reasons to believe it less."""
    if shown.analysis is not None and shown.analysis.warnings:
        yield Heading(Own("Before you believe it"))
        yield Items(list(map(in_words, shown.analysis.warnings)), "warnings")


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
