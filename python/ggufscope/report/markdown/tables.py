"""The tables of the Markdown report: the index by layer, the quantizer, zeros, invariant products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.escape import escape_markdown as safe
from ...text.numbers import short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...analysis.analysis_document import AnalysisDocument
    from ...analysis.preset_document import LayerRecord, PresetSummary

NOTHING = "–"
_LAYER_COLUMNS = ("layer", "risk", "without confounded", "level", "rank", "rank 5–95 %", "p(first)", "p(top 3)")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def number(value: float | None, form: str = "") -> str:
    if value is None:
        return NOTHING
    return format(value, form) if form else short(value)


def interval(ends: tuple[float, float] | None, form: str = "g") -> str:
    return NOTHING if ends is None else f"{ends[0]:{form}} – {ends[1]:{form}}"


def render_index(preset: PresetSummary) -> Iterator[str]:
    yield f"## Risk index, preset {preset.name}"
    yield ""
    yield f"From {preset.summary}. 0 to 100 within this file; {_independent(preset)}."
    yield ""
    rows = [(name, f"{weight:.3g}") for name, weight in preset.weights.items()]
    yield from table(("component", "weight"), rows)
    yield ""
    effective = [
        (name, f"{weight:.3g}", preset.formulas[name], "flat" if name in preset.flat else "")
        for name, weight in preset.effective_weights.items()
    ]
    yield from table(("score", "effective weight", "formula", ""), effective)
    yield ""
    yield from table(
        (*_LAYER_COLUMNS, *preset.weights),
        [_layer(entry, preset) for entry in preset.layers],
    )
    yield ""
    yield "Components are scaled to 0 … 1. Ranks and probabilities are over weightings drawn from the simplex."
    if preset.confounded:
        yield f"Left out of “without confounded”: {', '.join(preset.confounded)}."
    yield ""
    yield from table(
        ("norm scale", "scaling", "τ with the ranking above", "highest layers"),
        [
            (entry.norm, entry.scale, number(entry.tau, ".2f"), ", ".join(map(str, entry.top_layers)) or NOTHING)
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
        number(entry.risk, ".1f"),
        number(entry.risk_without_confounded, ".1f"),
        entry.level or NOTHING,
        number(entry.rank, "g"),
        interval(entry.rank_interval),
        number(entry.p_first, ".2f"),
        number(entry.p_top_three, ".2f"),
        *(number(entry.components[name].scaled, ".2f") for name in preset.weights),
    ]


def render_confounds(document: AnalysisDocument) -> Iterator[str]:
    yield "## The quantizer"
    yield ""
    yield "Whether the types of a quantity's tensors explain it: y = b₀ + b₁x + b₂x² + γ(type), x the depth."
    single = [entry for entry in document.confounds if entry.status == "single type"]
    for preset in dict.fromkeys(entry.preset for entry in single):
        names = ", ".join(entry.quantity for entry in single if entry.preset == preset)
        yield ""
        yield f"One type on all layers, nothing to confound, in {preset}: {names}."
    if len(single) < len(document.confounds):
        yield ""
        yield from _tested(document)


def _tested(document: AnalysisDocument) -> Iterator[str]:
    """What reads more than one type, and what is not known on every layer."""
    yield from table(
        ("preset", "quantity", "types (layers)", "outcome", "partial η²", "effect / range", "p"),
        [
            (
                entry.preset,
                entry.quantity,
                ", ".join(f"{safe(name)} ({count})" for name, count in entry.layers_by_type.items()),
                entry.status + (f": {entry.reason}" if entry.reason else ""),
                number(entry.partial_eta_squared, ".2f"),
                number(entry.effect, ".2f"),
                number(entry.p, ".3f"),
            )
            for entry in document.confounds
            if entry.status != "single type"
        ],
    )


def render_zeros(document: AnalysisDocument) -> Iterator[str]:
    yield "### Zeros of W_v"
    yield ""
    yield "The band is what ggml's quantizer makes of Gaussian and of Laplace weights; what lies outside is excess."
    yield ""
    rows = [
        (
            str(entry.layer),
            safe(entry.types["attn_v"] or NOTHING),
            _percent(entry.value_zeros.zero_fraction),
            " – ".join(map(_percent, entry.value_zeros.expected_zero_fraction or (None,))),
            _percent(entry.value_zeros.excess_zero_fraction),
        )
        for entry in document.preset.layers
    ]
    yield from table(("layer", "type", "zeros %", "expected %", "excess %"), rows)


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.3g}"


def render_gauge(document: AnalysisDocument) -> Iterator[str]:
    gauge = document.gauge
    yield "## Invariant products"
    yield ""
    yield f"Unchanged by any rescaling that leaves the model as it is. {gauge.exactness}: {gauge.explanation}."
    for name, reason in gauge.scale_free.items():
        yield f"{name}: {reason}."
    yield ""
    rows = [
        (str(entry.layer), *(number(values[position]) for values in gauge.products.values()))
        for position, entry in enumerate(document.preset.layers)
    ]
    yield from table(("layer", *(f"{name} {gauge.formulas[name]}" for name in gauge.products)), rows)
