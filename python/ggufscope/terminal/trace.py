"""The terminal view of a trace, on one screen: figures over the layers, then what was answered."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from ..models.stacks import layer_ranges
from ..runtime.over_prompts import layers_over_prompts
from ..runtime.reading.probes import OWN, RANDOM, words_of
from ..text.glyphs import LONGEST_TEXT, Glyphs
from ..text.numbers import bytes_text, counted, short
from .analysis import peaks
from .console import plain_table, print_table, safe
from .headline import dotted, render_headline
from .standouts import render_standouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ..runtime.expert_document import ExpertRecord
    from ..runtime.timed_run import Plan
    from ..runtime.trace_document import PromptTrace, Score, TraceDocument

_LABEL = 28
_LONG = 300.0  # seconds, from which on a probe that takes less is worth a word
_LONGEST_ANSWER = 44
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


def render_trace(console: Console, document: TraceDocument) -> None:
    """Headline, figures over the layers, answers, warnings."""
    glyphs = Glyphs.of(console.encoding)
    _render_headline(console, document, glyphs)
    console.print()
    _render_figures(console, document, glyphs)
    if document.standouts:
        console.print()
        render_standouts(console, document.standouts)
    if document.experts is not None:
        console.print()
        _render_experts(console, document.experts, glyphs)
    if any(prompt.answer is not None for prompt in document.prompts):
        console.print()
        _render_answers(console, document.prompts, glyphs)
    for warning in document.warnings:
        console.print(safe(f"! {warning}", "yellow"))


def _render_headline(console: Console, document: TraceDocument, glyphs: Glyphs) -> None:
    model, settings, run = document.model, document.settings, document.run
    shape = [counted(model.n_layers, "layer"), counted(max(model.n_heads, default=0), "head")]
    n_tokens = sum(len(prompt.token_ids) for prompt in document.prompts)
    n_sequences = counted(len(document.prompts), "sequence")
    read = {"prompts": counted(len(document.prompts), "prompt"), "text": "a text", "tokens": n_sequences}
    read["probe"] = words_of(settings.probe_kind)
    if len(document.prompts) > 1:
        read["probe"] = f"{n_sequences} of {read['probe']}"
    engine = glyphs.cut(document.engine.name, LONGEST_TEXT)
    source = read.get(settings.source) or glyphs.cut(settings.source, LONGEST_TEXT)
    parts = [f"{source}, {counted(n_tokens, 'token')}", f"engine {engine}"]
    if settings.source == "prompts":
        template, reason = (glyphs.cut(text, LONGEST_TEXT) for text in (settings.template, settings.template_reason))
        parts.append(f"template {template} ({reason})")
    more = [Text(dotted(parts, glyphs))]
    if run is not None:
        times = [f"written in {duration(run.writing_seconds)}"] if run.writing_seconds is not None else []
        times += [f"read in {duration(run.prefill_seconds)}"]
        times += [f"answered in {duration(run.generation_seconds)}"] if settings.max_new_tokens else []
        times += [f"{bytes_text(run.peak_bytes)} of memory"] if run.peak_bytes is not None else []
        more.append(Text(dotted(times, glyphs), "dim"))
    render_headline(console, model.title, model, shape, more=more)


def _render_figures(console: Console, document: TraceDocument, glyphs: Glyphs) -> None:
    """One curve over the layers each: the median over the prompts."""
    console.print(Text(f"layers 0-{document.model.n_layers - 1}, median over what was read", "bold"))
    for name, label in _SHOWN.items():
        if name not in document.figures:
            continue
        _render_curve(console, label, layers_over_prompts(document, name), glyphs)


def _render_curve(console: Console, label: str, values: Sequence[float | None], glyphs: Glyphs) -> None:
    known = [value for value in values if value is not None]
    ends = f" {short(min(known))} to {short(max(known))}" if known else f" {glyphs.nothing}"
    curve = glyphs.curve(peaks(values, console.width - _LABEL - len(ends) - 1))
    console.print(Text.assemble(label.ljust(_LABEL + 1), (curve, "cyan"), ends))


def _render_experts(console: Console, record: ExpertRecord, glyphs: Glyphs) -> None:
    """The most chosen expert of each layer as a curve, and the experts that no token chose."""
    numbers = [n for n in record.n_experts if n]
    n_layers = counted(len(numbers), "layer")
    counts = f"{min(numbers)}" if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"
    console.print(Text(f"experts, {counts} in each of {n_layers}", "bold"))
    for name, label in (("token_share", "tokens of the busiest"), ("weight_share", "weight of the busiest")):
        rows = record.shares.get(name, [])
        _render_curve(console, label, [max((v for v in row if v is not None), default=None) for row in rows], glyphs)
    unused = sum(map(len, record.never_chosen))
    if unused:
        console.print(safe(f"! {unused} of {sum(numbers)} experts were chosen by no token: {_named(record)}", "yellow"))
    else:
        console.print(Text("every expert was chosen by some token", "dim"))


def _named(record: ExpertRecord) -> str:
    """The experts that were never chosen, layer by layer, as far as there is room; the file has them all."""
    layers = [(layer, numbers) for layer, numbers in enumerate(record.never_chosen) if numbers]
    texts = [f"layer {layer}: {layer_ranges(numbers)}" for layer, numbers in layers]
    shown = texts[:_MOST_UNUSED]
    more = [f"and in {counted(len(texts) - len(shown), 'more layer')}"] if len(shown) < len(texts) else []
    return "; ".join([*shown, *more])


def _render_answers(console: Console, prompts: Sequence[PromptTrace], glyphs: Glyphs) -> None:
    counts = Counter(prompt.score.verdict for prompt in prompts if prompt.score is not None)
    if counts:
        console.print(
            Text(", ".join(f"{counts[verdict]} {verdict}" for verdict in ("correct", "wrong", "unscored")), "bold")
        )
    table = plain_table("prompt", "category", "answer", "verdict")
    for prompt in prompts:
        if prompt.answer is None:
            continue
        verdict = prompt.score.verdict if prompt.score is not None else glyphs.nothing
        answer = prompt.answer_text or ""
        table.add_row(
            safe(glyphs.cut(prompt.id, 32)),
            safe(glyphs.cut(prompt.category or "", 24)),
            safe(glyphs.cut(" ".join(answer.split()), _LONGEST_ANSWER)),
            safe(_verdict_text(prompt.score, glyphs), _VERDICT_STYLES.get(verdict, "dim")),
        )
    print_table(console, table)


def _verdict_text(score: Score | None, glyphs: Glyphs) -> str:
    """The verdict, and of one that is unscored why."""
    if score is None:
        return glyphs.nothing
    return f"{score.verdict}: {score.why}" if score.why else score.verdict
