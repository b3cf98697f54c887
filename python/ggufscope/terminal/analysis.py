"""The terminal view of an analysis, on one screen: the risk curve, the riskiest layers, verdicts and warnings.

The leading preset is shown in full, every other one in four lines: its curve, where that comes from, its riskiest
layers, and how far it agrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.score_words import in_words, score_words
from ..analysis.settings import SHORT_NAMES
from ..analysis.wording import INDEX, SHORT_STATEMENT
from ..text.numbers import count_text, counted
from .columns import Column, leaving
from .curves import Series, render_curves
from .headline import render_headline
from .screen import safe
from .standouts import render_standouts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..analysis.analysis_document import AnalysisDocument
    from ..analysis.preset_document import LayerRecord, PresetSummary
    from ..analysis.verdicts.findings import Finding
    from .screen import Screen

_SOURCES = {"model": "the model", "profile": "a saved profile", "phase 1": "a Phase 1 profile"}
_RISKIEST = 3
_REASONS = 2  # components named for a layer
_LABEL = len("not in the index")
_VERDICT_STYLES = {"holds": "bold red", "does not hold": "green"}


def render_analysis(screen: Screen, document: AnalysisDocument) -> None:
    """Headline, risk by layer, the riskiest layers and why, hypotheses, warnings."""
    _render_headline(screen, document)
    screen.blank()
    if document.standouts is not None:
        render_standouts(screen, document.standouts)
        screen.blank()
    _render_curves(screen, document)
    if _stands_out(document.preset):
        _render_riskiest(screen, document)
    for preset in document.other_presets:
        screen.blank()
        _render_other(screen, document, preset)
    screen.blank()
    _render_hypotheses(screen, document.hypotheses)
    if document.warnings:
        screen.blank()
    for warning in document.warnings:
        screen.line(f"! {in_words(warning)}", "yellow")


def _render_headline(screen: Screen, document: AnalysisDocument) -> None:
    model = document.model
    facts = [
        *([f"{count_text(model.n_elements)} parameters"] if model.n_elements is not None else []),
        counted(model.n_layers, "layer"),
        f"from {_SOURCES.get(model.source, model.source)}",
    ]
    render_headline(screen, model.file, model.title, model, facts)


def _render_curves(screen: Screen, document: AnalysisDocument) -> None:
    preset = document.preset
    screen.heading(f"{INDEX}: preset {preset.name}, 0 to 100 in this file")
    screen.line(preset.summary, "dim")
    screen.line(SHORT_STATEMENT, "dim")
    if preset.independent_components is not None:
        screen.line(_weights_text(preset), "dim")
    _render_risk(screen, preset)
    _render_dropped(screen, preset)


def _render_risk(screen: Screen, preset: PresetSummary) -> None:
    """The risk by layer, and where some components are confounded with depth the same without these."""
    series = [Series("risk", [record.risk for record in preset.layers])]
    if preset.confounded:
        series.append(Series("without confounded", [record.risk_without_confounded for record in preset.layers]))
    render_curves(screen, series, f"layers {preset.layers[0].layer}-{preset.layers[-1].layer}", "{:.0f}".format)


def _render_dropped(screen: Screen, preset: PresetSummary) -> None:
    """The components that could not be computed on every layer, and so are in no layer's index."""
    if preset.dropped:
        _fact(screen, "not in the index", ", ".join(SHORT_NAMES.get(name, name) for name in preset.dropped))


def _fact(screen: Screen, label: str, text: str) -> None:
    screen.fact(label, text, width=_LABEL)


def _weights_text(preset: PresetSummary) -> str:
    """Of the scores that vary the one that weighs most through all it enters; how many components are independent."""
    varying = [item for item in preset.effective_weights.items() if item[0] not in preset.flat]  # old files hold both
    score, weight = max(varying, key=lambda item: item[1])
    name = score_words(score)
    if len(preset.varying) == 1:
        return f"{name} weighs {100 * weight:.0f} % in effect: it alone decides the order of layers"
    independent = f"{preset.independent_components:.1f} independent components of {len(preset.varying)}"
    return f"{name} weighs {100 * weight:.0f} % in effect; {independent}"


def _render_riskiest(screen: Screen, document: AnalysisDocument) -> None:
    nothing = screen.glyphs.nothing
    ranked = sorted(document.preset.layers, key=lambda record: record.rank or 0)[:_RISKIEST]
    intervals = [record.rank_interval or (0.0, 0.0) for record in ranked]
    columns = [
        Column("layer", [str(record.layer) for record in ranked]),
        Column("risk", [nothing if record.risk is None else f"{record.risk:.1f}" for record in ranked]),
        Column("rank 5-95 %", [f"{low:g}-{high:g}" for low, high in intervals], "text"),
        Column(
            "p(top 3)", [nothing if record.p_top_three is None else f"{record.p_top_three:.2f}" for record in ranked]
        ),
        Column("level", [record.level or nothing for record in ranked], "text"),
        Column("points from", [_reasons(record, document.preset) for record in ranked], "prose"),
    ]
    screen.table(leaving(columns, 2))


def _reasons(record: LayerRecord, preset: PresetSummary) -> str:
    """The components that add most, of those that are not the same on every layer."""
    varying = [(name, points) for name, points in record.contributions.items() if name not in preset.flat]
    largest = sorted(varying, key=lambda item: -item[1])[:_REASONS]
    return ", ".join(f"{SHORT_NAMES.get(name, name)} {points:.0f}" for name, points in largest)


def _stands_out(preset: PresetSummary) -> bool:
    """Whether there is an index, and not the same one on every layer."""
    return len({record.risk for record in preset.layers} - {None}) > 1


def _render_other(screen: Screen, document: AnalysisDocument, preset: PresetSummary) -> None:
    """Curve, origin, riskiest layers and agreement of a preset that does not lead; or why it has none."""
    if any(record.risk is None for record in preset.layers):
        screen.heading(f"preset {preset.name} is not available")
        screen.line(_why_not(document, preset), "dim")
        return
    screen.heading(f"preset {preset.name}")
    screen.line(preset.summary, "dim")
    _render_risk(screen, preset)
    _render_dropped(screen, preset)
    if not _stands_out(preset):
        _fact(screen, "riskiest layers", "none: the index is flat")
        return
    ranked = sorted(preset.layers, key=lambda record: record.rank or 0)[:_RISKIEST]
    _fact(screen, "riskiest layers", ", ".join(f"{record.layer} ({record.risk:.1f})" for record in ranked))
    _render_agreement(screen, document, preset)


def _why_not(document: AnalysisDocument, preset: PresetSummary) -> str:
    """The first of what the preset could not compute."""
    reasons = [record.reason for record in document.applicability if record.score.startswith(f"{preset.name}: ")]
    return in_words(reasons[0]) if reasons else "no component could be computed"


def _render_agreement(screen: Screen, document: AnalysisDocument, preset: PresetSummary) -> None:
    """Kendall's τ of the layers' order with that of the leading preset, and the layer on which they differ most."""
    leading = document.preset
    taus = [record.tau for record in document.agreement if {record.first, record.second} == {leading.name, preset.name}]
    known = [tau for tau in taus if tau is not None]
    if not known:
        return
    _fact(screen, "order of layers", f"Kendall's tau {known[0]:+.2f} with {leading.name}")
    pairs = zip(leading.layers, preset.layers, strict=True)
    one, other = max(pairs, key=lambda pair: abs((pair[0].rank or 0) - (pair[1].rank or 0)))
    if one.rank is not None and other.rank is not None and one.rank != other.rank:
        text = f"layer {one.layer}: rank {other.rank:g} here, {one.rank:g} with {leading.name}"
        _fact(screen, "differs most on", text)


def _study_text(finding: Finding) -> str:
    """The verdict of the study's own rule, where it differs."""
    holds = finding.original_rule.holds
    if holds is None or holds == (finding.verdict == "holds"):
        return ""
    return " (study: holds)" if holds else " (study: does not)"


def _render_hypotheses(screen: Screen, findings: Sequence[Finding]) -> None:
    screen.heading("premises about weights; the behaviour they are said to cause is not tested")
    verdicts = [safe(finding.verdict, _VERDICT_STYLES.get(finding.verdict, "yellow")) for finding in findings]
    measured = [f"{finding.measured or screen.glyphs.nothing}{_study_text(finding)}" for finding in findings]
    screen.table(
        [
            Column("", [finding.id for finding in findings], "text", name="number"),
            Column("verdict", verdicts, "prose"),
            Column("premise", [finding.title for finding in findings], "prose", yields=1),
            Column("measured", measured, "prose", yields=2),
        ]
    )
