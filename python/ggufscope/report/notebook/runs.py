"""Traces, validations, verdicts and choices of types in a notebook."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ...text.escape import escape_html as safe
from ...text.names import base_name
from ...text.numbers import bytes_text, counted
from ...validation.headline import headline
from .html import NOTHING, line_html, list_html, table_html

if TYPE_CHECKING:
    from ...checks.check_document import CheckDocument
    from ...diffs.budgets.bits_document import BitsDocument
    from ...diffs.of_profiles import ProfileDiffDocument
    from ...runtime.trace_document import PromptTrace, TraceDocument
    from ...validation.validation_document import ValidationDocument

_LONGEST = 120  # characters of an answer
_SHOWN_CHANGES = 16


def trace_html(document: TraceDocument) -> str:
    """The model, what it read and how it answered; what stands out; warnings."""
    prompts = document.prompts
    verdicts = Counter(prompt.score.verdict for prompt in prompts if prompt.score is not None)
    facts = (
        base_name(document.model.file),
        counted(document.model.n_layers, "layer"),
        counted(len(prompts), "prompt" if document.settings.source == "prompts" else "sequence"),
        counted(sum(len(prompt.token_ids) for prompt in prompts), "token"),
        f"engine {document.engine.name}",
        *(f"{count} {verdict}" for verdict, count in verdicts.items()),
    )
    rows = [(prompt.id, len(prompt.token_ids), _answer(prompt), _verdict(prompt)) for prompt in prompts]
    found = [item.sentence for kind in document.standouts or [] for item in kind.items[:1]]
    return (
        line_html(document.model.title, *facts)
        + list_html(document.warnings)
        + table_html(("prompt", "tokens", "answer", "verdict"), rows)
        + list_html(found)
    )


def _answer(prompt: PromptTrace) -> str:
    if prompt.answer is None:
        return NOTHING
    text = " ".join((prompt.answer.text or f"ids {prompt.answer.token_ids}").split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _verdict(prompt: PromptTrace) -> str:
    if prompt.score is None:
        return NOTHING
    return f"{prompt.score.verdict}: {prompt.score.why}" if prompt.score.why else prompt.score.verdict


def validation_html(document: ValidationDocument) -> str:
    """What held up, what did not and what is undecided; warnings."""
    trace = document.trace
    facts = counted(trace.n_prompts, "prompt" if trace.source == "prompts" else "sequence"), f"engine {trace.engine}"
    rows = [(sentence.outcome, sentence.text) for sentence in headline(document)]
    return (
        line_html(document.model.title, "predicted against measured", *facts)
        + table_html(("", "predictions"), rows)
        + list_html(document.warnings)
    )


def check_html(title: str, document: CheckDocument) -> str:
    """The verdict in a line, and the findings, the gravest first."""
    counts = [counted(count, severity) for severity, count in document.counts.items() if count]
    rules = counted(len(document.rules), "rule")
    word = "cannot be read" if not document.readable else "not sound" if document.counts["error"] else "sound"
    places = [(each, each.place.tensor or each.place.key or each.place.source or "") for each in document.findings]
    rows = [(finding.severity, finding.rule, finding.sentence, place) for finding, place in places]
    table = table_html(("", "rule", "finding", "tensor or key"), rows) if rows else ""
    file = document.files[0]
    return line_html(file, title if title != file else "", word, *(counts or ["nothing found"]), rules) + table


def bits_html(document: BitsDocument) -> str:
    """The mix in a line, its command, and how the bytes go over the types."""
    mix, types = document.mix, Counter[str]()
    for tensor in document.tensors:
        types[tensor.type] += tensor.n_bytes
    n_tensors = Counter(tensor.type for tensor in document.tensors)
    rows = [(name, n_tensors[name], bytes_text(size)) for name, size in types.most_common()]
    return (
        line_html(
            document.reference.title,
            f"{mix.bits_per_weight:.3g} bits per weight",
            bytes_text(mix.n_bytes),
            f"predicted cost {mix.cost:.3g} nats",
        )
        + list_html(document.warnings)
        + table_html(("type", "tensors that have a choice", "size"), rows)
        + f"<pre>{'<br>'.join(safe(line) for line in str(document.recipe['shell']).splitlines())}</pre>"
    )


def profile_diff_html(document: ProfileDiffDocument) -> str:
    """Both models in a line, and the tensors whose norm changed most."""
    differing = [tensor for tensor in document.tensors if not tensor.equal]
    most = sorted(differing, key=lambda tensor: -abs(tensor.norm_change or 0.0))[:_SHOWN_CHANGES]
    rows = [
        (
            tensor.name,
            f"{tensor.reference_type} → {tensor.model_type}",
            NOTHING if tensor.norm_change is None else f"{100 * tensor.norm_change:+.3g}",
        )
        for tensor in most
    ]
    facts = f"beside {document.model.title}", f"other statistics in {counted(len(differing), 'tensor')}"
    return line_html(document.reference.title, *facts) + table_html(("tensor", "type", "norm %"), rows)
