"""The terminal view of an analysis, on one screen: the risk curve, the riskiest layers, verdicts and warnings.

The leading preset is shown in full, every other one in four lines: its curve, where that comes from, its riskiest
layers, and how far it agrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ..analysis.settings import SHORT_NAMES
from ..analysis.wording import INDEX, SHORT_STATEMENT
from ..text.escape import escape
from ..text.glyphs import Glyphs
from ..text.numbers import count_text, counted
from .console import plain_table, print_table, safe
from .headline import render_headline
from .standouts import render_standouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from ..analysis.analysis_document import AnalysisDocument
    from ..analysis.preset_document import LayerRecord, PresetSummary
    from ..analysis.verdicts.findings import Finding

_SOURCES = {"model": "the model", "profile": "a saved profile", "phase 1": "a Phase 1 profile"}
_RISKIEST = 3
_REASONS = 2  # components named for a layer
_LABEL = 22
_VERDICT_STYLES = {"holds": "bold red", "does not hold": "green"}


def render_analysis(console: Console, document: AnalysisDocument) -> None:
    """Headline, risk by layer, the riskiest layers and why, hypotheses, warnings."""
    glyphs = Glyphs.of(console.encoding)
    _render_headline(console, document)
    console.print()
    if document.standouts is not None:
        render_standouts(console, document.standouts)
        console.print()
    _render_curves(console, document, glyphs)
    if _stands_out(document.preset):
        _render_riskiest(console, document, glyphs)
    for preset in document.other_presets:
        console.print()
        _render_other(console, document, preset, glyphs)
    console.print()
    _render_hypotheses(console, document.hypotheses, glyphs)
    if document.warnings:
        console.print()
    for warning in document.warnings:
        console.print(safe(f"! {warning}", "yellow"))


def _render_headline(console: Console, document: AnalysisDocument) -> None:
    model = document.model
    facts = [
        *([f"{count_text(model.n_elements)} parameters"] if model.n_elements is not None else []),
        counted(model.n_layers, "layer"),
        f"from {_SOURCES.get(model.source) or escape(model.source)}",
    ]
    render_headline(console, model.title, model, facts)


def _render_curves(console: Console, document: AnalysisDocument, glyphs: Glyphs) -> None:
    layers = document.preset.layers
    console.print(safe(f"{INDEX}: preset {document.preset.name}, 0 to 100 in this file", "bold"))
    console.print(safe(document.preset.summary, "dim"))
    console.print(Text(SHORT_STATEMENT, "dim"))
    if document.preset.independent_components is not None:
        console.print(safe(_weights_text(document.preset), "dim"))
    room = console.width - _LABEL - 1
    _curve(console, f"layers {layers[0].layer}-{layers[-1].layer}", [record.risk for record in layers], room, glyphs)
    if document.preset.confounded:
        values = [record.risk_without_confounded for record in layers]
        _curve(console, "without confounded", values, room, glyphs)
    _render_dropped(console, document.preset, glyphs)


def _render_dropped(console: Console, preset: PresetSummary, glyphs: Glyphs) -> None:
    """The components that could not be computed on every layer, and so are in no layer's index."""
    if preset.dropped:
        _line(console, "not in the index", ", ".join(SHORT_NAMES.get(name, name) for name in preset.dropped), glyphs)


def _weights_text(preset: PresetSummary) -> str:
    """Of the scores that vary the one that weighs most through all it enters; how many components are independent."""
    varying = [item for item in preset.effective_weights.items() if item[0] not in preset.flat]  # old files hold both
    name, weight = max(varying, key=lambda item: item[1])
    if len(preset.varying) == 1:
        return f"{name} weighs {100 * weight:.0f} % in effect: it alone decides the order of layers"
    independent = f"{preset.independent_components:.1f} independent components of {len(preset.varying)}"
    return f"{name} weighs {100 * weight:.0f} % in effect; {independent}"


def _curve(console: Console, label: str, values: Sequence[float | None], room: int, glyphs: Glyphs) -> None:
    known = [value for value in values if value is not None]
    ends = f" {min(known):.0f}-{max(known):.0f}" if known else " not available"
    curve = glyphs.curve(peaks(values, room - len(ends)))
    console.print(Text.assemble(escape(label).ljust(_LABEL), (curve, "cyan"), ends))


def peaks(values: Sequence[float | None], width: int) -> list[float | None]:
    """At most `width` values: where there are more, the highest of each run of neighbours.

    >>> peaks([1.0, 5.0, 2.0, None], 2)
    [5.0, 2.0]
    """
    cells = min(width, len(values))
    bounds = [round(i * len(values) / cells) for i in range(cells + 1)] if cells > 0 else []
    runs = [values[bounds[i] : bounds[i + 1]] for i in range(max(0, cells))]
    return [max((value for value in run if value is not None), default=None) for run in runs]


def _render_riskiest(console: Console, document: AnalysisDocument, glyphs: Glyphs) -> None:
    ranked = sorted(document.preset.layers, key=lambda record: record.rank or 0)[:_RISKIEST]
    table = plain_table("layer", "risk", "rank 5-95 %", "p(top 3)", "level", "points from", right=("layer", "risk"))
    for record in ranked:
        low, high = record.rank_interval or (0.0, 0.0)
        table.add_row(
            str(record.layer),
            f"{record.risk:.1f}" if record.risk is not None else glyphs.nothing,
            f"{low:g}-{high:g}",
            f"{record.p_top_three:.2f}" if record.p_top_three is not None else glyphs.nothing,
            safe(record.level or glyphs.nothing),
            safe(_reasons(record, document.preset)),
        )
    print_table(console, table)


def _reasons(record: LayerRecord, preset: PresetSummary) -> str:
    """The components that add most, of those that are not the same on every layer."""
    varying = [(name, points) for name, points in record.contributions.items() if name not in preset.flat]
    largest = sorted(varying, key=lambda item: -item[1])[:_REASONS]
    return ", ".join(f"{SHORT_NAMES.get(name, name)} {points:.0f}" for name, points in largest)


def _stands_out(preset: PresetSummary) -> bool:
    """Whether there is an index, and not the same one on every layer."""
    return len({record.risk for record in preset.layers} - {None}) > 1


def _render_other(console: Console, document: AnalysisDocument, preset: PresetSummary, glyphs: Glyphs) -> None:
    """Curve, origin, riskiest layers and agreement of a preset that does not lead; or why it has none."""
    room = console.width - _LABEL - 1
    if any(record.risk is None for record in preset.layers):
        console.print(safe(f"preset {preset.name} is not available:"))
        console.print(Text(glyphs.cut(_why_not(document, preset), console.width), "dim"))
        return
    _curve(console, f"preset {preset.name}", [record.risk for record in preset.layers], room, glyphs)
    console.print(Text(glyphs.cut(preset.summary, console.width), "dim"))
    if preset.confounded:
        values = [record.risk_without_confounded for record in preset.layers]
        _curve(console, "without confounded", values, room, glyphs)
    _render_dropped(console, preset, glyphs)
    if not _stands_out(preset):
        _line(console, "riskiest layers", "none: the index is flat", glyphs)
        return
    ranked = sorted(preset.layers, key=lambda record: record.rank or 0)[:_RISKIEST]
    _line(console, "riskiest layers", ", ".join(f"{record.layer} ({record.risk:.1f})" for record in ranked), glyphs)
    _render_agreement(console, document, preset, glyphs)


def _line(console: Console, label: str, text: str, glyphs: Glyphs) -> None:
    console.print(Text(f"{label.ljust(_LABEL)}{glyphs.cut(text, console.width - _LABEL)}"))


def _why_not(document: AnalysisDocument, preset: PresetSummary) -> str:
    """The first of what the preset could not compute."""
    reasons = [record.reason for record in document.applicability if record.score.startswith(f"{preset.name}: ")]
    return reasons[0] if reasons else "no component could be computed"


def _render_agreement(console: Console, document: AnalysisDocument, preset: PresetSummary, glyphs: Glyphs) -> None:
    """Kendall's τ of the layers' order with that of the leading preset, and the layer on which they differ most."""
    leading = document.preset
    taus = [record.tau for record in document.agreement if {record.first, record.second} == {leading.name, preset.name}]
    known = [tau for tau in taus if tau is not None]
    if not known:
        return
    _line(console, "order of layers", f"Kendall's tau {known[0]:+.2f} with {leading.name}", glyphs)
    pairs = zip(leading.layers, preset.layers, strict=True)
    one, other = max(pairs, key=lambda pair: abs((pair[0].rank or 0) - (pair[1].rank or 0)))
    if one.rank is not None and other.rank is not None and one.rank != other.rank:
        text = f"layer {one.layer}: rank {other.rank:g} here, {one.rank:g} with {leading.name}"
        _line(console, "differs most on", text, glyphs)


def _study_text(finding: Finding) -> str:
    """The verdict of the study's own rule, where it differs."""
    holds = finding.original_rule.holds
    if holds is None or holds == (finding.verdict == "holds"):
        return ""
    return " (study: holds)" if holds else " (study: does not)"


def _render_hypotheses(console: Console, findings: Sequence[Finding], glyphs: Glyphs) -> None:
    console.print(Text("premises about weights; the behaviour they are said to cause is not tested", "bold"))
    for finding in findings:
        line = Text.assemble(
            f"{escape(finding.id)} ",
            (finding.verdict.ljust(26), _VERDICT_STYLES.get(finding.verdict, "yellow")),
            escape(finding.title).ljust(_LABEL + 1),
            escape(finding.measured or glyphs.nothing),
            _study_text(finding),
        )
        console.print(line)
