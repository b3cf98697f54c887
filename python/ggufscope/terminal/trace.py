"""The terminal view of a trace, on one screen: figures over the layers, then what was answered."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from ..models.stacks import layer_ranges
from ..runtime.over_prompts import layers_over_prompts
from ..runtime.reading.probes import OWN, RANDOM, words_of
from ..text.glyphs import LONGEST_TEXT
from ..text.numbers import bytes_text, counted
from .columns import Column
from .curves import Series, render_curves
from .headline import dotted, render_headline
from .screen import safe
from .standouts import render_standouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..runtime.expert_document import ExpertRecord
    from ..runtime.timed_run import Plan
    from ..runtime.trace_document import PromptTrace, Score, TraceDocument
    from ..text.glyphs import Glyphs
    from .screen import Screen

_LONG = 300.0  # seconds, from which on a probe that takes less is worth a word
_LONGEST_ANSWER = 44
_LONGEST_ID = 32
_MOST_UNUSED = 6  # layers whose experts that were never chosen are named
_VERDICT_STYLES = {"correct": "green", "wrong": "red"}

# Figure → label. Those of heads are averaged over the heads of a layer.
_SHOWN = {
    "entropy_share": "attention entropy / ln n",
    "first_token_share": "attention on the first token",
    "previous_token_share": "attention on previous token",
    "own_token_share": "attention on the own token",
    "repeat_share": "attention on repeats",
    "ffn_attention_ratio": "FFN / attention output",
    "gated_near_zero_share": "near-zero gated product",
    "gated_top_energy_share": "energy of top 1 % neurons",
    "residual_rms": "residual stream rms",
    "residual_rms_first": "the same of the first token",
    "residual_peak": "residual max / median",
    "residual_peak_first": "the same of the first token",
}


def plan_text(plan: Plan) -> str:
    """A plan in a line: how much is read and answered, and how long that will take."""
    parts = [counted(plan.n_prompts, "prompt"), counted(plan.n_tokens, "token")]
    if plan.written:
        parts = [counted(plan.n_prompts, "sequence"), counted(plan.n_tokens, "token")]
        parts.append(f"{plan.written} of each written by the model itself")
    if plan.new_tokens:
        parts.append(f"then up to {counted(plan.new_tokens, 'token')} of answer each")
    if plan.seconds is not None:
        parts.append(f"about {duration(plan.seconds)}")
    told = ", ".join(parts)
    if plan.written and (plan.seconds or 0.0) > _LONG:
        told += f"; fewer sequences ({OWN}:2) or --probe {RANDOM} take less"
    return told


def announce_plan(plan: Plan) -> None:
    """Tell a plan before the work starts."""
    print(plan_text(plan), file=sys.stderr)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(0.34), duration(75.2), duration(4000)
    ('0.3 s', '75 s', '67 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def render_trace(screen: Screen, document: TraceDocument) -> None:
    """Headline, figures over the layers, answers, warnings."""
    glyphs = screen.glyphs
    _render_headline(screen, document)
    screen.blank()
    _render_figures(screen, document)
    if document.standouts:
        screen.blank()
        render_standouts(screen, document.standouts)
    if document.experts is not None:
        screen.blank()
        _render_experts(screen, document.experts)
    if any(prompt.answer is not None for prompt in document.prompts):
        screen.blank()
        _render_answers(screen, document.prompts, glyphs)
    for warning in document.warnings:
        screen.line(f"! {warning}", "yellow")


def _render_headline(screen: Screen, document: TraceDocument) -> None:
    model, settings, run = document.model, document.settings, document.run
    shape = [counted(model.n_layers, "layer"), counted(max(model.n_heads, default=0), "head")]
    render_headline(screen, model.file, model.title, model, shape)
    n_tokens = sum(len(prompt.token_ids) for prompt in document.prompts)
    parts = [f"{_source_text(document)}, {counted(n_tokens, 'token')}", f"engine {document.engine.name}"]
    if settings.source == "prompts":
        parts.append(f"template {settings.template} ({settings.template_reason})")
    screen.line(dotted([screen.glyphs.cut(part, LONGEST_TEXT) for part in parts], screen.glyphs))
    if run is not None:
        times = [f"written in {duration(run.writing_seconds)}"] if run.writing_seconds is not None else []
        times += [f"read in {duration(run.prefill_seconds)}"]
        times += [f"answered in {duration(run.generation_seconds)}"] if settings.max_new_tokens else []
        times += [f"{bytes_text(run.peak_bytes)} of memory"] if run.peak_bytes is not None else []
        screen.line(dotted(times, screen.glyphs), "dim")


def _source_text(document: TraceDocument) -> str:
    """What was read."""
    settings, n = document.settings, len(document.prompts)
    n_sequences = counted(n, "sequence")
    read = {"prompts": counted(n, "prompt"), "text": "a text", "tokens": n_sequences}
    read["probe"] = words_of(settings.probe_kind)
    if n > 1:
        read["probe"] = f"{n_sequences} of {read['probe']}"
    return read.get(settings.source) or settings.source


def _render_figures(screen: Screen, document: TraceDocument) -> None:
    """One curve over the layers each: the median over the prompts."""
    series = [
        Series(label, layers_over_prompts(document, name)) for name, label in _SHOWN.items() if name in document.figures
    ]
    screen.heading("median over what was read")
    render_curves(screen, series, f"layers 0-{document.model.n_layers - 1}")


def _render_experts(screen: Screen, record: ExpertRecord) -> None:
    """The most chosen expert of each layer as a curve, and the experts that no token chose."""
    numbers = [n for n in record.n_experts if n]
    n_layers = counted(len(numbers), "layer")
    counts = f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"
    screen.heading(f"experts, {counts} in each of {n_layers}")
    shown = (("token_share", "tokens of the busiest"), ("weight_share", "weight of the busiest"))
    series = [
        Series(
            label,
            [max((value for value in row if value is not None), default=None) for row in record.shares.get(name, [])],
        )
        for name, label in shown
    ]
    render_curves(screen, series, "by layer")
    unused = sum(map(len, record.never_chosen))
    if unused:
        screen.line(f"! {unused} of {sum(numbers)} experts were chosen by no token: {_named(record)}", "yellow")
    else:
        screen.line("every expert was chosen by some token", "dim")


def _named(record: ExpertRecord) -> str:
    """The experts that were never chosen, layer by layer, as far as there is room; the file has them all."""
    layers = [(layer, numbers) for layer, numbers in enumerate(record.never_chosen) if numbers]
    texts = [f"layer {layer}: {layer_ranges(numbers)}" for layer, numbers in layers]
    shown = texts[:_MOST_UNUSED]
    more = [f"and in {counted(len(texts) - len(shown), 'more layer')}"] if len(shown) < len(texts) else []
    return "; ".join([*shown, *more])


def _render_answers(screen: Screen, prompts: Sequence[PromptTrace], glyphs: Glyphs) -> None:
    counts = Counter(prompt.score.verdict for prompt in prompts if prompt.score is not None)
    if counts:
        screen.heading(", ".join(f"{counts[verdict]} {verdict}" for verdict in ("correct", "wrong", "unscored")))
    answered = [prompt for prompt in prompts if prompt.answer is not None]
    screen.table(
        [
            Column("prompt", [glyphs.cut(prompt.id, _LONGEST_ID) for prompt in answered], "name"),
            Column("category", [glyphs.cut(prompt.category or "", _LONGEST_ID) for prompt in answered], "text", 2),
            Column(
                "answer",
                [glyphs.cut(" ".join((prompt.answer_text or "").split()), _LONGEST_ANSWER) for prompt in answered],
                "prose",
                1,
            ),
            Column("verdict", [_verdict_text(prompt.score, glyphs) for prompt in answered], "prose"),
        ]
    )


def _verdict_text(score: Score | None, glyphs: Glyphs) -> Text:
    """The verdict, and of one that is unscored why."""
    if score is None:
        return Text(glyphs.nothing, "dim")
    told = f"{score.verdict}: {score.why}" if score.why else score.verdict
    return safe(told, _VERDICT_STYLES.get(score.verdict, "dim"))
