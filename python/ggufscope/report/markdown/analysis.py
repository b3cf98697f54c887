"""The Markdown report of an analysis: everything a reader needs, in the order in which it should be believed.

Nothing is computed here. Text that comes from the file is escaped, for terminals, Markdown and HTML alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...analysis.analysis_result import MARKDOWN_MARK
from ...text.escape import escape_markdown as safe
from ..content.evidence import evidence_pairs
from .profile import SYNTHETIC
from .scores import render_heads, render_scores
from .tables import number, render_confounds, render_gauge, render_index, render_zeros, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ...analysis.analysis_document import AnalysisDocument
    from ...analysis.verdicts.findings import Finding


def render_markdown(document: AnalysisDocument, more: Sequence[Iterable[str]] = ()) -> str:
    """The text of the report.

    Args:
        document: the analysis.
        more: lines of further sections, which come after the hypotheses.
    """
    sections = (
        _head(document),
        _warnings(document),
        _hypotheses(document),
        *more,
        *(
            render(preset)
            for preset in (document.preset, *document.other_presets)
            for render in (render_index, render_scores, render_heads)
        ),
        render_confounds(document),
        render_zeros(document),
        render_gauge(document),
        _limits(document),
        _run(document),
    )
    return "\n\n".join(text for section in sections if (text := "\n".join(section))) + "\n"


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
    yield from table(("", ""), [(name, safe(value)) for name, value in facts.items() if value is not None])
    if model.synthetic:
        yield ""
        yield SYNTHETIC
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
    yield from table(("", "premise", "verdict", "measured"), rows)
    for finding in document.hypotheses:
        yield ""
        yield from _hypothesis(finding)


def _hypothesis(finding: Finding) -> Iterator[str]:
    yield f"### {finding.id}: {finding.verdict}"
    yield ""
    yield f"{finding.statement}."
    yield ""
    for label, text in evidence_pairs(finding):
        yield f"- {label}: {text}"


def _limits(document: AnalysisDocument) -> Iterator[str]:
    yield "## Applicability"
    yield ""
    for agreement in document.agreement:
        tau = number(agreement.tau, ".2f")
        yield f"- Kendall's τ of the rankings of {agreement.first} and {agreement.second}: {tau}"
    for note in document.notes:
        yield f"- {safe(note)}"
    rows = [(safe(entry.score), safe(entry.reason)) for entry in document.applicability]
    if rows:
        yield ""
        yield from table(("not available", "why"), rows)
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
        f" sparsity threshold {number(settings.sparsity_threshold)}"
    )
    if document.run is not None:
        yield f"- ggufscope {document.run.version}, {document.run.started}, {document.run.seconds:.2f} s"
