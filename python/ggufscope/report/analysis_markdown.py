"""The Markdown report of an analysis: everything a reader needs, in the order in which it should be believed.

Nothing is computed here. Text that comes from the file is escaped, for terminals, Markdown and HTML alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.result import MARKDOWN_MARK
from ..analysis.wording import percent_change
from ..escape import escape_markdown as safe
from .cells import short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..analysis.document import AnalysisDocument, LayerRecord, PresetSummary
    from ..analysis.findings import Finding

_NOTHING = "–"
_LAYER_COLUMNS = ("layer", "risk", "without confounded", "level", "rank", "rank 5–95 %", "p(first)", "p(top 3)")


def render_markdown(document: AnalysisDocument) -> str:
    """The text of the report."""
    sections = (
        _head(document),
        _warnings(document),
        _hypotheses(document),
        _index(document.preset),
        *(_index(preset) for preset in document.other_presets),
        _confounds(document),
        _zeros(document),
        _gauge(document),
        _limits(document),
        _run(document),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _number(value: float | None, form: str = "") -> str:
    if value is None:
        return _NOTHING
    return format(value, form) if form else short(value)


def _interval(ends: tuple[float, float] | None, form: str = "g") -> str:
    return _NOTHING if ends is None else f"{ends[0]:{form}} – {ends[1]:{form}}"


def _head(document: AnalysisDocument) -> Iterator[str]:
    model = document.model
    yield MARKDOWN_MARK
    yield f"# Static analysis of {safe(model.title)}"
    yield ""
    facts = {
        "architecture": model.architecture,
        "declared type": model.file_type,
        "parameters": model.n_elements,
        "layers": model.n_layers,
        "read from": f"{model.source}{f', {model.file}' if model.file else ''}",
        "identity": model.identity,
    }
    yield from _table(("", ""), [(name, safe(value)) for name, value in facts.items() if value is not None])
    if model.synthetic:
        yield ""
        yield "**SYNTHETIC**: random weights made by ggufscope synth, not a trained model."
    yield ""
    yield document.statement


def _warnings(document: AnalysisDocument) -> Iterator[str]:
    yield "## Before you believe it"
    yield ""
    for warning in document.warnings or ["Nothing stood out."]:
        yield f"- {safe(warning)}"


def _hypotheses(document: AnalysisDocument) -> Iterator[str]:
    yield "## Hypotheses"
    yield ""
    yield document.verdicts_are
    yield ""
    rows = [(finding.id, finding.title, f"**{finding.verdict}**", finding.measured) for finding in document.hypotheses]
    yield from _table(("", "premise", "verdict", "measured"), rows)
    for finding in document.hypotheses:
        yield ""
        yield from _hypothesis(finding)


def _hypothesis(finding: Finding) -> Iterator[str]:
    yield f"### {finding.id}: {finding.verdict}"
    yield ""
    yield f"{finding.statement}."
    yield ""
    yield f"- why: {finding.why}"
    original, evidence = finding.original_rule, finding.evidence
    answer = {True: "holds", False: "does not hold", None: "not evaluated"}
    yield f"- the study's own rule ({original.rule}): {_number(original.value)}, {answer[original.holds]}"
    if evidence.tau is not None:
        yield f"- Kendall's τ over depth: {evidence.tau:.2f}"
    if evidence.interval is not None:
        yield (
            f"- {evidence.interval_of}: {_interval(evidence.interval, '.3g')} (95 %)"
            if finding.id != "H6"
            else (f"- {evidence.interval_of}: {_interval(evidence.interval)}")
        )
    for name, value in (evidence.details or {}).items():
        yield f"- {name}: {_number(value)}"
    if finding.quantizer is not None:
        check = finding.quantizer
        yield f"- quantizer: {check.status}" + (
            f"; without its effect {_number(check.counterfactual_value)}, {answer[check.counterfactual_holds]}"
            if check.counterfactual_value is not None
            else ""
        )
    yield f"- parametrization: {_gauge_line(finding)}"
    if finding.remark:
        yield f"- {finding.remark}"


def _gauge_line(finding: Finding) -> str:
    if finding.gauge_invariant:
        return "indifferent to it"
    check = finding.gauge
    if check is None or check.value is None:
        return f"not tested{f': {check.note}' if check else ''}"
    value = f"rank {check.value:g}" if finding.id == "H6" else f"{percent_change(check.value)} for {check.product}"
    answer = "holds" if check.holds else "does not hold"
    return f"{value}, {answer} ({check.note})"


def _index(preset: PresetSummary) -> Iterator[str]:
    yield f"## Risk index, preset {preset.name}"
    yield ""
    yield f"{preset.summary}. 0 to 100 within this file; {_independent(preset)}."
    yield ""
    rows = [(name, f"{weight:.3g}") for name, weight in preset.weights.items()]
    yield from _table(("component", "weight"), rows)
    yield ""
    effective = [
        (name, f"{weight:.3g}", preset.formulas[name], "flat" if name in preset.flat else "")
        for name, weight in preset.effective_weights.items()
    ]
    yield from _table(("score", "effective weight", "formula", ""), effective)
    yield ""
    yield from _table(
        (*_LAYER_COLUMNS, *preset.weights),
        [_layer(entry, preset) for entry in preset.layers],
    )
    yield ""
    yield "Components are scaled to 0 … 1. Ranks and probabilities are over weightings drawn from the simplex."
    if preset.confounded:
        yield f"Left out of “without confounded”: {', '.join(preset.confounded)}."
    yield ""
    yield from _table(
        ("norm scale", "scaling", "τ with the ranking above", "highest layers"),
        [
            (entry.norm, entry.scale, _number(entry.tau, ".2f"), ", ".join(map(str, entry.top_layers)) or _NOTHING)
            for entry in preset.variants
        ],
    )


def _independent(preset: PresetSummary) -> str:
    if preset.independent_components is None:
        return "no component varies"
    return f"{preset.independent_components:.1f} effectively independent components of {len(preset.weights)}"


def _layer(entry: LayerRecord, preset: PresetSummary) -> list[str]:
    return [
        str(entry.layer),
        _number(entry.risk, ".1f"),
        _number(entry.risk_without_confounded, ".1f"),
        entry.level or _NOTHING,
        _number(entry.rank, "g"),
        _interval(entry.rank_interval),
        _number(entry.p_first, ".2f"),
        _number(entry.p_top_three, ".2f"),
        *(_number(entry.components[name].scaled, ".2f") for name in preset.weights),
    ]


def _confounds(document: AnalysisDocument) -> Iterator[str]:
    yield "## The quantizer"
    yield ""
    yield "Whether the types of a quantity's tensors explain it: y = b₀ + b₁x + b₂x² + γ(type), x the depth."
    yield ""
    yield from _table(
        ("quantity", "types (layers)", "outcome", "partial η²", "effect / range", "p"),
        [
            (
                entry.quantity,
                ", ".join(f"{safe(name)} ({count})" for name, count in entry.layers_by_type.items()),
                entry.status + (f": {entry.reason}" if entry.reason else ""),
                _number(entry.partial_eta_squared, ".2f"),
                _number(entry.effect, ".2f"),
                _number(entry.p, ".3f"),
            )
            for entry in document.confounds
        ],
    )


def _zeros(document: AnalysisDocument) -> Iterator[str]:
    yield "### Zeros of W_v"
    yield ""
    yield "The band is what ggml's quantizer makes of Gaussian and of Laplace weights; what lies outside is excess."
    yield ""
    rows = [
        (
            str(entry.layer),
            safe(entry.types["attn_v"] or _NOTHING),
            _percent(entry.value_zeros.zero_fraction),
            " – ".join(map(_percent, entry.value_zeros.expected_zero_fraction or (None,))),
            _percent(entry.value_zeros.excess_zero_fraction),
        )
        for entry in document.preset.layers
    ]
    yield from _table(("layer", "type", "zeros %", "expected %", "excess %"), rows)


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{100 * share:.3g}"


def _gauge(document: AnalysisDocument) -> Iterator[str]:
    gauge = document.gauge
    yield "## Invariant products"
    yield ""
    yield f"Unchanged by any rescaling that leaves the model as it is. {gauge.exactness}: {gauge.explanation}."
    for name, reason in gauge.scale_free.items():
        yield f"{name}: {reason}."
    yield ""
    rows = [
        (str(entry.layer), *(_number(values[position]) for values in gauge.products.values()))
        for position, entry in enumerate(document.preset.layers)
    ]
    yield from _table(("layer", *(f"{name} {gauge.formulas[name]}" for name in gauge.products)), rows)


def _limits(document: AnalysisDocument) -> Iterator[str]:
    yield "## Applicability"
    yield ""
    for agreement in document.agreement:
        tau = _number(agreement.tau, ".2f")
        yield f"- Kendall's τ of the rankings of {agreement.first} and {agreement.second}: {tau}"
    for note in document.notes:
        yield f"- {safe(note)}"
    rows = [(safe(entry.score), safe(entry.reason)) for entry in document.applicability]
    if rows:
        yield ""
        yield from _table(("not available", "why"), rows)
    elif not document.notes and not document.agreement:
        yield "Everything could be computed."


def _run(document: AnalysisDocument) -> Iterator[str]:
    settings = document.settings
    yield "## Settings"
    yield ""
    weights = ", ".join(f"{name} {weight:.3g}" for name, weight in settings.weights.items())
    yield f"- weights: {weights}; norm scale {settings.norm}; scaling {settings.scale}; seed {settings.seed}"
    yield (
        f"- {settings.draws} weightings, {settings.permutations} permutations, {settings.resamples} resamples;"
        f" sparsity threshold {_number(settings.sparsity_threshold)}"
    )
    if document.run is not None:
        yield f"- ggufscope {document.run.version}, {document.run.started}, {document.run.seconds:.2f} s"
