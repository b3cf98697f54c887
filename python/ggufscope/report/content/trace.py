"""A trace in a report: what was read, what was answered, and what flowed through the layers meanwhile."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...runtime.reading.probes import words_of
from ...runtime.trace_document import VERDICTS
from ...text.numbers import counted
from .blocks import Figures, Heading, Items, Paragraph, TextTable, heads
from .cells import NOTHING
from .chart import TRACE
from .words import Own, Words, joined, own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...runtime.trace_document import PromptTrace, TraceDocument
    from .blocks import Block
    from .shown import Shown

NAME = "trace"  # of the part


def what_was_traced(shown: Shown) -> Iterator[Block]:
    """The prompts, the engine that read them, and warnings."""
    document = shown.trace
    if document is None:
        return
    yield Paragraph(joined(_read(document), " "), "aside")
    if document.warnings:
        yield Items(document.warnings, "warnings")


def _read(document: TraceDocument) -> Iterator[Words]:
    settings, n_prompts = document.settings, len(document.prompts)
    n_tokens = sum(len(prompt.token_ids) for prompt in document.prompts)
    sequences = counted(n_prompts, "sequence")
    what: dict[str, Words] = {
        "prompts": own("{} of the set {}", counted_own(n_prompts, "prompt"), settings.prompt_set or NOTHING),
        "text": Own("A text"),
        "tokens": Own(sequences),
        "probe": Own(f"{sequences} of {words_of(settings.probe_kind)}"),
    }
    yield own(
        "{}, {}, read by the engine {} {}.",
        what.get(settings.source, settings.source),
        counted_own(n_tokens, "token"),
        document.engine.name,
        document.engine.version,
    )
    if settings.source == "prompts":
        yield own("Form of the prompts: {} ({}).", settings.template, settings.template_reason)
    yield Own(
        "Figures are medians over what was read, and over its tokens from the second on unless they say otherwise."
    )


def counted_own(count: int, noun: str) -> Own:
    """A count with its noun, as words of our own."""
    return Own(counted(count, noun))


def answers(shown: Shown) -> Iterator[Block]:
    """How many answers are correct, and all of them with their verdicts."""
    prompts = [prompt for prompt in shown.trace.prompts if prompt.answer is not None] if shown.trace else []
    if not prompts:
        return
    yield Heading(Own("What the model answered"))
    counts = Counter(prompt.score.verdict for prompt in prompts if prompt.score is not None)
    if counts:
        told = [f"**{counts[verdict]}** {verdict}" for verdict in VERDICTS if counts[verdict]]
        yield Paragraph(Own(f"Of {counted(counts.total(), 'answer')}: {', '.join(told)}."))
    yield TextTable(
        "answers",
        Own("Answers and verdicts"),
        heads(
            "prompt", "category", "asked", "answered", "verdict", "because", "tokens read", "tokens answered",
            numeric="tokens read|tokens answered", long="asked|answered|because",
        ),
        [_answer(prompt) for prompt in prompts],
    )  # fmt: skip


def _answer(prompt: PromptTrace) -> list[Words]:
    score, answered = prompt.score, prompt.answer
    return [
        prompt.id,
        prompt.category or NOTHING,
        _on_a_line(prompt.prompt),
        _on_a_line(prompt.answer_text),
        NOTHING if score is None else score.verdict,
        NOTHING if score is None else score.reason,
        Own(len(prompt.token_ids)),
        NOTHING if answered is None else Own(len(answered.token_ids)),
    ]


def _on_a_line(text: str | None) -> Words:
    return " ".join(text.split()) if text else NOTHING


def traced(shown: Shown) -> Iterator[Block]:
    """The charts of a trace."""
    charts = shown.charts(TRACE)
    if charts:
        yield Heading(Own("What flowed through the layers"))
        yield Figures(charts)


def figure_definitions(shown: Shown) -> Iterator[Block]:
    """The figures that the trace has, each with its definition."""
    if shown.trace is None:
        return
    yield TextTable(
        "traced-figures",
        Own("Figures of the trace"),
        heads("figure", "of", "definition", long="definition"),
        [
            (name, Own("heads" if figure.per_head else "layers"), figure.definition)
            for name, figure in shown.trace.figures.items()
        ],
    )
